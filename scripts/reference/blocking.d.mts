/** When a call waits and what it orders, as a sentence that follows "Blocking: ". */
export function blockingOf(api: string, name: string): string;
/** Whether a rule of its own speaks of that function. */
export function isNamed(api: string, name: string): boolean;
