/** Errors of functions with the conditions for them. */

/** What every call of CUDA can answer, by the first check that it comes to. */
const begins = [
  ["enter", "driver", "CUDA_ERROR_NOT_INITIALIZED before cuInit; CUDA_ERROR_INVALID_CONTEXT without a current context, CUDA_ERROR_CONTEXT_IS_DESTROYED with one that is gone; the sticky error of a kernel that failed."],
  ["enterDriver", "driver", "CUDA_ERROR_NOT_INITIALIZED before cuInit."],
  ["begin", "runtime", "what initialising says (cudaErrorNoDevice, cudaErrorInvalidDevice), and the sticky error of a kernel that failed."],
  ["enter", "runtime", "what initialising says (cudaErrorNoDevice, cudaErrorInvalidDevice), and the sticky error of a kernel that failed."],
  ["driverOf", "runtime", "what initialising says (cudaErrorNoDevice)."],
];

/** Codes of CUDA that need no sentence of their own. */
const generalCuda = {
  OUT_OF_MEMORY: "there is not enough memory of the kind asked for", MemoryAllocation: "there is not enough memory of the kind asked for", NOT_SUPPORTED: "the device or the emulator cannot do that", NotSupported: "the device or the emulator cannot do that",
  InvalidDevice: "no such device", InvalidValue: "an argument NULL or outside its range", InvalidChannelDescriptor: "a channel descriptor of no meaning", InvalidPitchValue: "a pitch smaller than a row, or too large", InvalidMemcpyDirection: "kind is none, or does not fit the addresses",
  PeerAccessAlreadyEnabled: "access to that device is enabled already", PEER_ACCESS_ALREADY_ENABLED: "access to that context is enabled already", PeerAccessNotEnabled: "access to that device was not enabled", COOPERATIVE_LAUNCH_TOO_LARGE: "more blocks than fit on the device at once",
  InvalidPtx: "the text is not valid PTX, or for another architecture", FileNotFound: "there is no such file", UnsupportedLimit: "no such limit here",
  LaunchOutOfResources: "the kernel needs more registers or shared memory than the device has",
};

/** One code in a chapter's text: "INVALID_VALUE", "cudaErrorInvalidValue", or several with commas. */
const code = "(?:cudaError[A-Z]\\w+|[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)";

/**
 * Errors of a CUDA function: what its chapter says in "CODE: condition." pieces as a list, with whole names, and what every such call can answer.
 * @param api "driver" or "runtime"
 * @param returns text of its @returns
 * @param reaches names of what it calls, directly or not
 */
export function cudaErrors(api, returns, reaches) {
  const list = [];
  const rest = [];
  const whole = (names) => names.replaceAll(/\b(?!CUDA_|CU_)[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b/g, (name) => `CUDA_ERROR_${name}`);
  for (const piece of (returns ?? "").split(new RegExp(`(?:^|(?<=[.;]) )(?=${code}(?:, ${code})*[:.,;])`))) {
    const match = new RegExp(`^(${code}(?:, ${code})*)(?:: ([^]*?))?[.;,]?$`).exec(piece.trim());
    if (match === null) {
      if (piece.trim() !== "") rest.push(piece.trim().replace(/;$/, "."));
      continue;
    }
    list.push([whole(match[1]), match[2] ?? generalCuda[match[1].replace(/^cudaError/, "").split(",")[0]] ?? "as the text above says"]);
  }
  const found = begins.find(([check, of]) => of === api && reaches.has(check));
  if (found !== undefined) list.push(["as every such call", found[2]]);
  return { said: rest.join(" "), intro: list.length === 0 ? "There are no errors of its own." : "Errors:", list };
}

/** Codes of OpenCL whose condition is no check of arguments. */
const general = {
  CL_OUT_OF_RESOURCES: "the device cannot provide what the call needs",
  CL_OUT_OF_HOST_MEMORY: "the process has no memory left",
  CL_MEM_OBJECT_ALLOCATION_FAILURE: "there is no memory for the object or for the command's copy of host data",
  CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST: "an event that the call waits for has failed",
  CL_INVALID_EVENT_WAIT_LIST: "event_wait_list and its length do not fit, or it holds what is no event",
  CL_INVALID_CONTEXT: "objects of the call belong to different contexts, or context is none",
  CL_INVALID_COMMAND_QUEUE: "command_queue is no command-queue of this process, or cannot do that",
  CL_INVALID_MEM_OBJECT: "the handle is no memory object of this process, or of another kind",
  CL_INVALID_EVENT: "the handle is no event of this process",
  CL_INVALID_OPERATION: "the object's flags or state forbid it",
  CL_INVALID_VALUE: "an argument is NULL, or outside its range",
  CL_MISALIGNED_SUB_BUFFER_OFFSET: "a sub-buffer's origin is not aligned for the queue's device (before OpenCL 3.0)",
  CL_INVALID_IMAGE_SIZE: "the device cannot have images of that size", CL_IMAGE_FORMAT_NOT_SUPPORTED: "the device cannot have images of that format", CL_INVALID_KERNEL: "the handle is no kernel of this process",
  CL_INVALID_PROGRAM: "the handle is no program of this process", CL_INVALID_DEVICE: "the handle is no device of this process, or not of this context", CL_INVALID_PLATFORM: "the handle is not the platform",
  CL_COMPILER_NOT_AVAILABLE: "there is no Clang", CL_LINKER_NOT_AVAILABLE: "there is no linker", CL_BUILD_PROGRAM_FAILURE: "the program has errors: see its build log", CL_COMPILE_PROGRAM_FAILURE: "the program has errors: see its build log",
  CL_LINK_PROGRAM_FAILURE: "the programs do not fit together: see the build log", CL_INVALID_PROPERTY: "a property is unknown, has no such value, or stands there twice", CL_DEVICE_NOT_AVAILABLE: "the device is lost", CL_INVALID_SAMPLER: "the handle is no sampler of this process",
  CL_INVALID_PROGRAM_EXECUTABLE: "the program is not built for the queue's device", CL_INVALID_DEVICE_TYPE: "device_type is no such type", CL_DEVICE_NOT_FOUND: "there is no device of that type", CL_INVALID_IMAGE_FORMAT_DESCRIPTOR: "the format is NULL or no format",
  CL_INVALID_OPTIONS: "an option is unknown", CL_INVALID_BUILD_OPTIONS: "an option is unknown", CL_INVALID_COMPILER_OPTIONS: "an option is unknown", CL_INVALID_LINKER_OPTIONS: "an option is unknown", CL_MAP_FAILURE: "the memory cannot be mapped",
};

Object.assign(general, {
  CL_INVALID_QUEUE_PROPERTIES: "the device does not support such a queue", CL_INVALID_BUFFER_SIZE: "the size is 0, larger than the device allows, or the region does not lie inside the buffer", CL_INVALID_IMAGE_DESCRIPTOR: "image_desc is NULL, or its members do not fit together",
});

/** Longest list of rules for one code. */
const MOST = 6;

/**
 * Errors of an OpenCL function: the codes that its chapter names, with the rules that the code checks.
 * @param returns text of its @returns, `all` gives that of others ("as clEnqueueReadBuffer")
 * @param rules rules by code, from the source
 * @param isError whether a name is that of an error code
 */
export function openclErrors(returns, all, rules, isError) {
  const codes = new Set();
  const conditions = new Map();
  const collect = (text, depth) => {
    const pieces = [...text.matchAll(/\b(CL_[A-Z_]+)\b(?:: ([^;,]*))?/g)];
    for (const [, code, condition] of pieces) {
      if (!isError(code)) continue;
      codes.add(code);
      if (condition !== undefined && depth === 0) conditions.set(code, condition);
    }
    for (const [, other] of text.matchAll(/\bas (cl[A-Z]\w+)/g)) if (depth < 3) collect(all(other) ?? "", depth + 1);
  };
  collect(returns ?? "", 0);
  for (const code of rules.keys()) if (/^CL_(INVALID|MEM_COPY|KERNEL_ARG|PROFILING|IMAGE_FORMAT)/.test(code) && returns === null) codes.add(code);
  const list = [...codes].map((code) => {
    const found = rules.get(code) ?? [];
    const text = found.length === 0 ? general[code] ?? conditions.get(code) ?? "see the text above" : `${found.slice(0, MOST).join("; ")}${found.length > MOST ? "; and more of that kind" : ""}`;
    return [code, text];
  });
  // A function that has no code to return says why in a diagnostic.
  if (list.length === 0 && rules.size > 0) return { intro: "Nothing comes of it, with a diagnostic that says why:", list: [...rules].map(([code, found]) => [code, found.slice(0, MOST).join("; ")]) };
  if (list.length === 0) return { intro: "There are no errors.", list };
  return { intro: list.length === 0 ? "" : "Errors, with the rule that was broken or what happened:", list };
}
