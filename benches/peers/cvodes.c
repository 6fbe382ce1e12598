// W3 by the adjoint of SUNDIALS' CVODES, written in C as its examples are: Adams' formulas, fixed-point iteration, parameters by quadrature. Everything is made once and used again.
#include <cvodes/cvodes.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdlib.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

typedef struct {
  void *memory;
  N_Vector h, a, quadrature;
  int which, count, made;
  double parameters[4], rtol, atol, first_step;
  const double *times, *data;
  long forward[2], back[2];
} Fit;

#define V(vector) NV_DATA_S(vector)
#define TRY(call)                \
  do {                           \
    int flag = (call);           \
    if (flag < 0) return flag;   \
  } while (0)

static int field(double t, N_Vector h, N_Vector slope, void *user) {
  const double *p = ((Fit *)user)->parameters, x = V(h)[0], y = V(h)[1];
  V(slope)[0] = x * (p[0] - p[1] * y);
  V(slope)[1] = y * (p[3] * x - p[2]);
  return 0;
}

static int costate(double t, N_Vector h, N_Vector a, N_Vector slope, void *user) {
  const double *p = ((Fit *)user)->parameters, x = V(h)[0], y = V(h)[1];
  V(slope)[0] = -(V(a)[0] * (p[0] - p[1] * y) + V(a)[1] * y * p[3]);
  V(slope)[1] = -(-V(a)[0] * x * p[1] + V(a)[1] * (p[3] * x - p[2]));
  return 0;
}

static int parameters(double t, N_Vector h, N_Vector a, N_Vector slope, void *user) {
  const double x = V(h)[0], y = V(h)[1];
  V(slope)[0] = -V(a)[0] * x;
  V(slope)[1] = V(a)[0] * x * y;
  V(slope)[2] = V(a)[1] * y;
  V(slope)[3] = -V(a)[1] * x * y;
  return 0;
}

// times: count of them; data: count pairs. Both are kept by the caller.
Fit *fit_new(int count, const double *times, const double *data, double rtol, double atol, double first_step) {
  SUNContext context;
  if (SUNContext_Create(NULL, &context)) return NULL;
  Fit *fit = calloc(1, sizeof *fit);
  *fit = (Fit){.count = count, .times = times, .data = data, .rtol = rtol, .atol = atol, .first_step = first_step};
  fit->h = N_VNew_Serial(2, context);
  fit->a = N_VNew_Serial(2, context);
  fit->quadrature = N_VNew_Serial(4, context);
  V(fit->h)[0] = V(fit->h)[1] = 1.0;
  fit->memory = CVodeCreate(CV_ADAMS, context);
  int failed = CVodeInit(fit->memory, field, times[0], fit->h) || CVodeSStolerances(fit->memory, rtol, atol) ||
               CVodeSetUserData(fit->memory, fit) ||
               CVodeSetNonlinearSolver(fit->memory, SUNNonlinSol_FixedPoint(fit->h, 0, context)) ||
               CVodeSetMaxNumSteps(fit->memory, 100000) || CVodeAdjInit(fit->memory, 10000, CV_HERMITE);
  return failed ? NULL : fit;
}

// Steps, and those that were tried in vain.
static int count(void *memory, long steps[2]) {
  TRY(CVodeGetNumSteps(memory, &steps[0]));
  return CVodeGetNumErrTestFails(memory, &steps[1]);
}

// Going back begins at time t with fit->a and fit->quadrature.
static int back_from(Fit *fit, double t) {
  void *m = fit->memory;
  if (fit->made) {
    TRY(CVodeReInitB(m, fit->which, t, fit->a));
    TRY(CVodeQuadReInitB(m, fit->which, fit->quadrature));
    return 0;
  }
  SUNContext context = fit->a->sunctx;
  TRY(CVodeCreateB(m, CV_ADAMS, &fit->which));
  TRY(CVodeInitB(m, fit->which, costate, t, fit->a));
  TRY(CVodeSStolerancesB(m, fit->which, fit->rtol, fit->atol));
  TRY(CVodeSetUserDataB(m, fit->which, fit));
  TRY(CVodeSetNonlinearSolverB(m, fit->which, SUNNonlinSol_FixedPoint(fit->a, 0, context)));
  TRY(CVodeQuadInitB(m, fit->which, parameters, fit->quadrature));
  // As everywhere in the comparison, parameters are not in the error norm.
  TRY(CVodeSetQuadErrConB(m, fit->which, SUNFALSE));
  fit->made = 1;
  return 0;
}

// theta: four parameters and h0. Zero if all went well, else CVODES' flag.
int fit_gradient(Fit *fit, const double *theta, double *loss, double *gradient) {
  void *m = fit->memory;
  int last = fit->count - 1;
  double *values = malloc(2 * fit->count * sizeof *values), t;
  for (int i = 0; i < 4; i++) fit->parameters[i] = theta[i];
  V(fit->h)[0] = values[0] = theta[4];
  V(fit->h)[1] = values[1] = theta[5];
  TRY(CVodeReInit(m, fit->times[0], fit->h));
  TRY(CVodeSetInitStep(m, fit->first_step));
  TRY(CVodeAdjReInit(m));
  for (int i = 1, checkpoints; i <= last; i++) {
    TRY(CVodeF(m, fit->times[i], fit->h, &t, CV_NORMAL, &checkpoints));
    values[2 * i] = V(fit->h)[0];
    values[2 * i + 1] = V(fit->h)[1];
  }
  TRY(count(m, fit->forward));
  *loss = 0.0;
  fit->back[0] = fit->back[1] = 0;
  N_VConst(0.0, fit->a);
  N_VConst(0.0, fit->quadrature);
  for (int i = last; i >= 0; i--) {
    for (int c = 0; c < 2; c++) {
      double off = log(values[2 * i + c] / fit->data[2 * i + c]);
      *loss += off * off;
      V(fit->a)[c] += 2.0 * off / values[2 * i + c];
    }
    if (i > 0) {
      TRY(back_from(fit, fit->times[i]));
      TRY(CVodeB(m, fit->times[i - 1], CV_NORMAL));
      TRY(CVodeGetB(m, fit->which, &t, fit->a));
      TRY(CVodeGetQuadB(m, fit->which, &t, fit->quadrature));
      long more[2];
      TRY(count(CVodeGetAdjCVodeBmem(m, fit->which), more));
      for (int k = 0; k < 2; k++) fit->back[k] += more[k];
    }
  }
  for (int i = 0; i < 4; i++) gradient[i] = V(fit->quadrature)[i];
  gradient[4] = V(fit->a)[0];
  gradient[5] = V(fit->a)[1];
  free(values);
  return 0;
}

void fit_steps(const Fit *fit, long steps[4]) {
  for (int k = 0; k < 2; k++) {
    steps[k] = fit->forward[k];
    steps[2 + k] = fit->back[k];
  }
}
