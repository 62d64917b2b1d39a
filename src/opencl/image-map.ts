/**
 * OpenCL 3.0 API specification, 5.3.7: Mapping Image Objects.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import { CL_COMMAND_MAP_IMAGE, CL_FALSE } from "./abi/constants.ts";
import { CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_bool, cl_command_queue, cl_event, cl_int, cl_map_flags, cl_mem, cl_uint } from "./abi/types.ts";
import { hostQueue, imageOn } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import { badMapFlags } from "./runtime/flags.ts";
import { imageBox, imageTypes, type ImageBox, type ImageShape } from "./runtime/image-shape.ts";
import type { Region } from "./runtime/mapping.ts";
import type { Triple } from "./runtime/rect.ts";
import { runMap } from "./runtime/run-map.ts";
import { waitList } from "./runtime/wait-list.ts";

/** A part of an image for a map command. */
function regionOf(shape: ImageShape, part: ImageBox): Region {
  const { at, size, box, offset } = part;
  const { row, slice, host } = shape;
  return { offset, box, layout: { row, slice }, host: { ...host, offset: at[0] * shape.pixel + at[1] * host.row + at[2] * host.slice }, pixels: { at, size } };
}

/**
 * clEnqueueMapImage. An image in device memory is shown through a copy of the region, whose rows follow each other; one in host memory as it lies there.
 * @param image_row_pitch gets the bytes from row to row behind the pointer
 * @param image_slice_pitch gets the bytes from slice or layer to the next; 0 for images of one or two dimensions
 * @returns the pointer, or 0 (NULL); errcode_ret: CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_IMAGE_SIZE,
 *   CL_IMAGE_FORMAT_NOT_SUPPORTED, CL_MAP_FAILURE, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST (blocking), CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES,
 *   CL_OUT_OF_HOST_MEMORY
 */
export function* clEnqueueMapImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, blocking_map: cl_bool, map_flags: cl_map_flags, origin: Triple | null, region: Triple | null, image_row_pitch: Out<number> | null, image_slice_pitch: Out<number> | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null, errcode_ret: Out<cl_int> | null): Blocking<HostPtr> {
  const give = (code: cl_int): 0 => {
    if (errcode_ret !== null) errcode_ret.value = code;
    return 0;
  };
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return give(queue);
  const target = imageOn(t, queue, image, "image");
  if (typeof target === "number") return give(target);
  const { mem, shape } = target;
  if (origin === null || region === null) return give(fail(t, CL_INVALID_VALUE, "origin and region must not be NULL"));
  const part = imageBox(t, shape, "origin", origin, region);
  if (typeof part === "number") return give(part);
  const bad = badMapFlags(map_flags);
  if (bad !== null) return give(fail(t, CL_INVALID_VALUE, bad, { map_flags }));
  if (image_row_pitch === null) return give(fail(t, CL_INVALID_VALUE, "image_row_pitch must not be NULL"));
  const { dimensions, array } = imageTypes.get(shape.type)!;
  const sliced = array || dimensions > 2;
  if (sliced && image_slice_pitch === null) return give(fail(t, CL_INVALID_VALUE, "image_slice_pitch must not be NULL for 3D images and image arrays"));
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return give(list);
  const mapping = yield* runMap(t, { queue, mem, region: regionOf(shape, part), flags: map_flags, list, blocking: blocking_map !== CL_FALSE, event, type: CL_COMMAND_MAP_IMAGE, label: "map image" });
  if (typeof mapping === "number") return give(mapping);
  image_row_pitch.value = mapping.host.row;
  if (image_slice_pitch !== null) image_slice_pitch.value = sliced ? mapping.host.slice : 0;
  if (errcode_ret !== null) errcode_ret.value = CL_SUCCESS;
  return mapping.pointer;
}
