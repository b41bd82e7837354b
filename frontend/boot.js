// The first thing to run, on the page and in every worker: brings the wasm up. The glue
// (`wasm_bindgen`) stands before it in the same script.
(() => {
  if (typeof document === "undefined") {
    // In a worker the first message is the compiled module. The handler is there before it can arrive.
    self.onmessage = ({ data }) => {
      self.onmessage = null;
      wasm_bindgen({ module_or_path: data });
    };
    // A trap inside a promise has to reach the page as every other error does.
    self.addEventListener("unhandledrejection", ({ reason }) => setTimeout(() => { throw reason; }));
    return;
  }

  const own = document.currentScript.textContent;
  // The file as it was opened: nothing has changed it yet, and the build writes it as a browser does.
  const file = `<!doctype html>${document.documentElement.outerHTML}`;
  const inlined = document.getElementById("wasm");
  if (!inlined) {
    // Served by Trunk, which lays glue and wasm beside the page.
    const beside = (name) => new URL(name, document.baseURI).href;
    self.airlockSource = `importScripts(${JSON.stringify(beside("airlock-app.js"))});${own}`;
    const glue = document.createElement("script");
    glue.src = beside("airlock-app.js");
    glue.onload = () => wasm_bindgen({ module_or_path: beside("airlock-app_bg.wasm") });
    document.head.append(glue);
    return;
  }

  // What a worker runs is this script again: nothing can be loaded from beside a page on disk.
  self.airlockSource = own;
  const start = async () => {
    const packed = Uint8Array.from(atob(inlined.textContent), (c) => c.charCodeAt(0));
    inlined.remove();
    // Said on the page, for those who compare it with what sha256sum says of the file.
    const digest = crypto.subtle?.digest("SHA-256", new TextEncoder().encode(file));
    const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const module = await WebAssembly.compile(await new Response(inflated).arrayBuffer());
    const sum = await digest;
    self.airlockBuild = sum && Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0")).join("");
    await wasm_bindgen({ module_or_path: module });
  };
  start().catch((error) => {
    const message = document.createElement("p");
    message.className = "starting";
    message.setAttribute("role", "alert");
    message.textContent = `Airlock cannot start in this browser. It needs Chromium 123, Firefox 127, Safari 17.5 or later. (${error})`;
    document.getElementById("app").replaceChildren(message);
  });
})();
