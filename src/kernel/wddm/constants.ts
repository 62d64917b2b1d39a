/**
 * Flags of a submission to the display miniport (DXGK_SUBMITCOMMANDFLAGS). Values: Windows driver documentation, d3dkmddi.h. There is no flag for preemption among them:
 * DxgkDdiPreemptCommand is an entry point of its own.
 */
export const DXGK_SUBMITCOMMANDFLAGS = {
  Paging: 0x1,
  Present: 0x2,
  RedirectedPresent: 0x4,
  NullRendering: 0x8,
  Flip: 0x10,
  FlipWithNoWait: 0x20,
  ContextSwitch: 0x40,
  Resubmission: 0x80,
} as const;

/**
 * NON-SPEC: the word of the document this project grew from. It is no Windows flag: "submit, and when the engine is busy with something less urgent, issue
 * DxgkDdiPreemptCommand". Outside the bits that Windows uses. See docs/seed.md.
 */
export const DXGK_SUBMIT_PREEMPT = 0x8000_0000;

/** At which boundaries an adapter can stop compute work (D3DKMDT_COMPUTE_PREEMPTION_GRANULARITY, d3dkmdt.h). */
export const D3DKMDT_COMPUTE_PREEMPTION = {
  NONE: 0,
  DMA_BUFFER_BOUNDARY: 100,
  DISPATCH_BOUNDARY: 200,
  THREAD_GROUP_BOUNDARY: 300,
  THREAD_BOUNDARY: 400,
  SHADER_BOUNDARY: 500,
} as const;

/** Priority bands of hardware scheduling (DXGK_SCHEDULING_BAND). */
export const Band = { IDLE: 0, NORMAL: 1, FOCUS: 2, REALTIME: 3 } as const;
export type Band = (typeof Band)[keyof typeof Band];

/** Codes of live dumps and bug checks that graphics recovery raises (bugcodes.h). */
export const VIDEO_TDR_FAILURE = 0x116;
export const VIDEO_TDR_TIMEOUT_DETECTED = 0x117;
export const VIDEO_SCHEDULER_INTERNAL_ERROR = 0x119;
export const VIDEO_ENGINE_TIMEOUT_DETECTED = 0x141;
export const VIDEO_TDR_APPLICATION_BLOCKED = 0x142;

/** Packets that wait in a node's hardware queue at most, counting the one that runs (GPUView: "two packets"). */
export const HW_QUEUE_DEPTH = 2;
/** Software priorities of VidSch are 0 to this; more is more urgent. */
export const MAX_PRIORITY = 31;
/** Paging work of the memory manager comes before everything a program may ask for. */
export const PAGING_PRIORITY: number = MAX_PRIORITY + 1;
