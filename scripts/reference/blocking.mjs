/**
 * When calls wait, and what they order: the first rule whose expression fits a name says it. Functions whose implementation is a generator (they can wait) must be named by a rule of their own;
 * test/docs/reference.test.ts sees to that.
 */
const inStream = "the call returns at once; the work is done in stream order, after everything that was put into the stream before";

const cuda = [
  [/^(cu|cuda)(CtxSynchronize|DeviceSynchronize)/, "waits until all work of the context, in all its streams, has ended. What the work wrote is visible afterwards."],
  [/StreamSynchronize$/, "waits until all work in the stream has ended. What the work wrote is visible afterwards."],
  [/EventSynchronize$/, "waits until the work that the last record of the event stands behind has ended; returns at once when it was never recorded."],
  [/^cu(LaunchHostFunc|StreamAddCallback)|^cuda(LaunchHostFunc|StreamAddCallback)/, `${inStream}. The stream goes on when the function has returned.`],
  [/^cuLaunchKernelEx$|^cu(da)?Launch(Cooperative)?Kernel(ExC)?$/, `${inStream}. Only the first launch of a library's kernel in a context waits, for the library's variables to get their first values.`],
  [/^cuLaunch(Grid(Async)?)?$/, `${inStream}.`],
  [/^cu(da)?Memcpy.*Peer/, "between memory of two devices nothing is waited for by the host: the copy takes its place in the stream, the synchronous form in the default stream."],
  [/^cuMemcpyAtoA|^cuMemcpyDtoA|^cuMemcpyAtoD|^cuMemcpyDtoD_v2$|ArrayToArray$/, "between memory of devices the host does not wait; the copy is ordered by the default stream."],
  [/^cu(da)?Memcpy.*Async/, "with page-locked or device memory the call returns at once and the copy is done in stream order. With pageable memory on the writing side it waits until the data has arrived, on the reading side until the data is in bounce buffers."],
  [/^cu(da)?Memcpy/, "in the default stream. To pageable memory, and from or to page-locked memory, it waits until the copy is done; from pageable memory until the data is in bounce buffers; between device memories it does not wait."],
  [/^cu(da)?Memset.*Async/, `${inStream}.`],
  [/^cu(da)?Memset/, "in the default stream; waits only when the memory is page-locked host memory."],
  [/^cuModuleLoad/, "waits until the module's variables have their first values in device memory. Compiling is part of the call."],
  [/^cuModuleUnload|^cuLibraryUnload|^cudaLibraryUnload/, "waits for the work of every context that the code is loaded in."],
  [/^cu(CtxDestroy|CtxDetach|DevicePrimaryCtxRe(lease|set))|^cudaDeviceReset/, "waits until the context's work has ended before its objects go, when this call is the one that destroys it."],
  [/^cu(MemFree|MemFreeHost|MemHostUnregister|ArrayDestroy|MipmappedArrayDestroy|MemUnmap|IpcCloseMemHandle)(_v2)?$|^cuda(Free|FreeHost|FreeArray|FreeMipmappedArray|HostUnregister|IpcCloseMemHandle)$/, "waits for all work that may use the memory."],
  [/^cu(da)?(Library|Kernel|GetFuncBySymbol|GetSymbol|Func|Occupancy)/, "does not wait for work. The first use of a library in a context waits until its variables have their first values there."],
  [/(EventRecord|EventRecordWithFlags|StreamWaitEvent|CtxWaitEvent|CtxRecordEvent)$/, `${inStream}. What comes later in a waiting stream comes after the recorded work.`],
  [/(EventQuery|StreamQuery)$/, "never waits: asks how far the work is."],
  [/(AllocAsync|MallocAsync|FromPoolAsync|FreeAsync|PrefetchAsync|AttachMemAsync|DiscardAsync)/, `${inStream}.`],
  [/^cu(da)?GraphLaunch$/, `${inStream}. All of the graph comes before what is put into the stream later; inside it only the dependencies order.`],
  [/^cu(da)?GraphUpload$/, `${inStream}.`],
  [/^cu(da)?Graph(Exec)?(AddKernelNode|KernelNodeSetParams|AddNode|NodeSetParams|(Add)?MemcpyNode)/, "does not wait for work. Only the first use of a library's kernel or variable in a context waits, for the library's variables to get their first values."],
  [/./, "never waits, and orders nothing."],
];

const opencl = [
  [/^clFinish$/, "flushes the queue and waits until all its commands have ended."],
  [/^clWaitForEvents$/, "flushes the queues of the events and waits until all events are complete or failed."],
  [/^cl(Build|Compile|Link)Program$/, "without pfn_notify the call waits for the compiler; with it the call returns at once, and the callback says when the program is ready."],
  [/^clEnqueue(Read|Write)(Buffer(Rect)?|Image)$/, "with CL_TRUE the call flushes the queue and waits for the command; with CL_FALSE it returns at once, and the host memory must be left alone until the command's event is complete."],
  [/^clEnqueue(Map(Buffer|Image)|SVMMap)$/, "with CL_TRUE the call flushes the queue and waits until the memory may be used; with CL_FALSE the memory must not be touched before the event is complete."],
  [/^clEnqueueSVMMemcpy$/, "with CL_TRUE the call flushes the queue and waits for the copy; with CL_FALSE it returns at once."],
  [/^clEnqueue(BarrierWithWaitList|Barrier)$/, "returns at once. Commands that are enqueued later begin after the barrier, also in queues that run out of order."],
  [/^clEnqueue(MarkerWithWaitList|Marker|WaitForEvents)$/, "returns at once; the marker is complete when its wait list is, or everything enqueued before it. clEnqueueWaitForEvents holds later commands back."],
  [/^clEnqueue/, "returns at once. The command begins after its wait list, and in a queue that runs in order after the command before; it is given to the device at once, or with the platform setting strictFlush when the queue is flushed."],
  [/^clFlush$/, "never waits: gives the queue's commands to the device."],
  [/^clReleaseCommandQueue$/, "never waits: flushes the queue, which goes when its commands have ended."],
  [/^clSetUserEventStatus$/, "never waits: lets the commands that wait for the event begin, or fails them."],
  [/^clSetEventCallback|^clSet(MemObject|Context)DestructorCallback/, "never waits: the function is called later, by a thread of the library."],
  [/^clSVMFree$/, "never waits, also not for commands that use the memory."],
  [/./, "never waits, and orders nothing."],
];

const first = (rules, name) => rules.findIndex(([expression]) => expression.test(name));

/** When a call waits and what it orders, as a sentence that follows "Blocking: ". @param api "driver", "runtime" or "opencl" */
export function blockingOf(api, name) {
  const rules = api === "opencl" ? opencl : cuda;
  return rules[first(rules, name)][1];
}

/** Whether a rule of its own speaks of that function. */
export function isNamed(api, name) {
  const rules = api === "opencl" ? opencl : cuda;
  return first(rules, name) < rules.length - 1;
}
