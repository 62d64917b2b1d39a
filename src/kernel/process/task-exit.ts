/** Unwinds a simulated thread that has ended itself by a system call: code behind exit(2) does not run. Not an error. */
export class TaskExit extends Error {
  constructor() {
    super("the thread has ended");
    this.name = "TaskExit";
  }
}
