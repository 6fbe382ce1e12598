/* POLLU, 20 species in 25 reactions (Verwer 1994), by CVODE's BDF with its dense solver and its own difference Jacobian; the right-hand side is
   compiled C. Prints the seconds of one solve to t = 60, then the states at the end. Usage: cvode RTOL ATOL SECONDS */
#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <time.h>

#define N 20

static int rates(realtype t, N_Vector state, N_Vector slope, void *data) {
  (void)t, (void)data;
  const realtype *y = N_VGetArrayPointer(state);
  realtype *d = N_VGetArrayPointer(slope);
  const realtype r1 = 0.35 * y[0], r2 = 26.6 * y[1] * y[3], r3 = 1.23e4 * y[4] * y[1], r4 = 8.6e-4 * y[6], r5 = 8.2e-4 * y[6],
                 r6 = 1.5e4 * y[6] * y[5], r7 = 1.3e-4 * y[8], r8 = 2.4e4 * y[8] * y[5], r9 = 1.65e4 * y[10] * y[1],
                 r10 = 9e3 * y[10] * y[0], r11 = 0.022 * y[12], r12 = 1.2e4 * y[9] * y[1], r13 = 1.88 * y[13],
                 r14 = 1.63e4 * y[0] * y[5], r15 = 4.8e6 * y[2], r16 = 3.5e-4 * y[3], r17 = 0.0175 * y[3], r18 = 1e8 * y[15],
                 r19 = 4.44e11 * y[15], r20 = 1.24e3 * y[16] * y[5], r21 = 2.1 * y[18], r22 = 5.78 * y[18],
                 r23 = 0.0474 * y[0] * y[3], r24 = 1.78e3 * y[18] * y[0], r25 = 3.12 * y[19];
  d[0] = -r1 - r10 - r14 - r23 - r24 + r2 + r3 + r9 + r11 + r12 + r22 + r25;
  d[1] = -r2 - r3 - r9 - r12 + r1 + r21;
  d[2] = -r15 + r1 + r17 + r19 + r22;
  d[3] = -r2 - r16 - r17 - r23 + r15;
  d[4] = -r3 + 2 * r4 + r6 + r7 + r13 + r20;
  d[5] = -r6 - r8 - r14 - r20 + r3 + 2 * r18;
  d[6] = -r4 - r5 - r6 + r13;
  d[7] = r4 + r5 + r6 + r7;
  d[8] = -r7 - r8;
  d[9] = -r12 + r7 + r9;
  d[10] = -r9 - r10 + r8 + r11;
  d[11] = r9;
  d[12] = -r11 + r10;
  d[13] = -r13 + r12;
  d[14] = r14;
  d[15] = -r18 - r19 + r16;
  d[16] = -r20;
  d[17] = r20;
  d[18] = -r21 - r22 - r24 + r23 + r25;
  d[19] = -r25 + r24;
  return 0;
}

static void begin(realtype *y) {
  for (int i = 0; i < N; i++) y[i] = 0;
  y[1] = 0.2, y[3] = 0.04, y[6] = 0.1, y[7] = 0.3, y[8] = 0.01, y[16] = 0.007;
}

static int solve(SUNContext context, N_Vector y, realtype rtol, realtype atol) {
  begin(N_VGetArrayPointer(y));
  void *memory = CVodeCreate(CV_BDF, context);
  SUNMatrix matrix = SUNDenseMatrix(N, N, context);
  SUNLinearSolver linear = SUNLinSol_Dense(y, matrix, context);
  realtype t;
  int failed = CVodeInit(memory, rates, 0, y) || CVodeSStolerances(memory, rtol, atol) || CVodeSetLinearSolver(memory, linear, matrix) ||
               CVodeSetMaxNumSteps(memory, 100000) || CVodeSetStopTime(memory, 60) || CVode(memory, 60, y, &t, CV_NORMAL) < 0;
  CVodeFree(&memory);
  SUNLinSolFree(linear);
  SUNMatDestroy(matrix);
  return failed;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  const double rtol = atof(words[1]), atol = atof(words[2]), budget = atof(words[3]);
  SUNContext context;
  if (SUNContext_Create(NULL, &context)) return 1;
  N_Vector y = N_VNew_Serial(N, context);
  if (solve(context, y, rtol, atol)) return 1;
  int solves = 0;
  const double from = seconds();
  while (seconds() - from < budget) {
    if (solve(context, y, rtol, atol)) return 1;
    solves++;
  }
  printf("%.9g", (seconds() - from) / solves);
  for (int i = 0; i < N; i++) printf(" %.17g", N_VGetArrayPointer(y)[i]);
  printf("\n");
  return 0;
}
