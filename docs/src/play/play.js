// The page to play with. It runs a program of this repository, docs/programs/src/bin/play.rs, compiled to WebAssembly, once for each setting:
// three numbers go in as arguments, a figure comes out as text. module.js holds the program, packed, because a page that is opened from
// a file may not fetch one.
"use strict";
(() => {
  const place = document.querySelector(".play");
  if (!place || !window.costatePlay) return; // the figure as printed when the book was built stays
  const figure = place.querySelector(".play-figure");
  const message = place.querySelector(".play-message");
  const sliders = [...place.querySelectorAll("input[type=range]")];
  let theta = [0, 0];

  async function unpack(base64) {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return WebAssembly.compile(await new Response(stream).arrayBuffer());
  }

  // As much of an operating system as the program asks for (WASI preview 1): arguments, two outputs, an end.
  async function run(module, args) {
    const said = { 1: "", 2: "" };
    const encoded = ["play", ...args.map(String)].map((arg) => new TextEncoder().encode(arg + "\0"));
    let memory;
    const view = () => new DataView(memory.buffer);
    const system = {
      args_sizes_get(count, size) {
        view().setUint32(count, encoded.length, true);
        view().setUint32(size, encoded.reduce((sum, arg) => sum + arg.length, 0), true);
        return 0;
      },
      args_get(pointers, at) {
        for (const arg of encoded) {
          view().setUint32(pointers, at, true);
          new Uint8Array(memory.buffer).set(arg, at);
          pointers += 4;
          at += arg.length;
        }
        return 0;
      },
      environ_sizes_get(count, size) {
        view().setUint32(count, 0, true);
        view().setUint32(size, 0, true);
        return 0;
      },
      environ_get: () => 0,
      fd_write(fd, parts, count, written) {
        let total = 0;
        const decoder = new TextDecoder();
        for (let i = 0; i < count; i++) {
          const [at, size] = [view().getUint32(parts + 8 * i, true), view().getUint32(parts + 8 * i + 4, true)];
          said[fd] += decoder.decode(new Uint8Array(memory.buffer, at, size), { stream: true });
          total += size;
        }
        view().setUint32(written, total, true);
        return 0;
      },
      proc_exit(code) {
        throw new Error(`the program ended with ${code}: ${said[2]}`);
      },
    };
    const imports = {};
    for (const { name } of WebAssembly.Module.imports(module)) {
      imports[name] = system[name] || (() => { throw new Error(`the program asks for ${name}`); });
    }
    const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports });
    memory = instance.exports.memory;
    try {
      instance.exports._start();
    } catch (error) {
      throw said[2] ? new Error(said[2]) : error;
    }
    return said[1];
  }

  // One run at a time; when it is done, the newest setting that came meanwhile.
  function drawer(module) {
    let wanted = null, busy = false;
    return async (setting) => {
      wanted = setting;
      if (busy) return;
      busy = true;
      try {
        while (wanted) {
          const args = wanted;
          wanted = null;
          figure.innerHTML = await run(module, args);
        }
        message.textContent = "";
      } catch (error) {
        message.textContent = `No figure for this setting: ${error.message}`;
      }
      busy = false;
    };
  }

  const numbers = () => figure.querySelector(".play-numbers").dataset;

  function show(sliderValues) {
    sliders.forEach((slider, i) => {
      if (sliderValues) slider.value = sliderValues[i];
      const value = i < 2 ? theta[i].toFixed(3) : Number(slider.value).toFixed(2);
      slider.nextElementSibling.textContent = value;
      slider.setAttribute("aria-valuetext", value);
    });
  }

  async function begin() {
    const draw = drawer(await unpack(window.costatePlay));
    const redraw = () => draw([...theta, sliders[2].value]);
    theta = numbers().theta.split(" ").map(Number);
    const first = [...theta, Number(numbers().t)];
    const set = (values) => {
      theta = values.slice(0, 2);
      show(values);
      return redraw();
    };
    sliders.forEach((slider, i) => slider.addEventListener("input", () => {
      if (i < 2) theta[i] = Number(slider.value);
      show();
      redraw();
    }));
    const [downhill, back, again] = place.querySelectorAll("button");
    downhill.addEventListener("click", () => set([...numbers().next.split(" ").map(Number), Number(sliders[2].value)]));
    back.addEventListener("click", async () => {
      for (let t = 1; t >= 0; t -= 0.02) {
        await set([...theta, t.toFixed(2)]);
        await new Promise(requestAnimationFrame);
      }
    });
    again.addEventListener("click", () => set(first));
    place.querySelector("fieldset").disabled = false;
    await set(first);
    place.dataset.ready = "yes";
  }

  begin().catch((error) => { message.textContent = `The figure does not move: ${error.message}`; });
})();
