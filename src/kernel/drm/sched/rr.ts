import { invariant } from "../../errors.ts";
import { mutant } from "../../mutants.ts";
import type { SchedEntity } from "./entity.ts";
import type { SchedJob } from "./job.ts";
import { priorityOf } from "./priority.ts";
import type { RunQueue } from "./run-queue.ts";

interface Member {
  readonly entity: SchedEntity;
  readonly jobs: SchedJob[];
}

/** One priority's circle of entities with ready jobs. */
interface Circle {
  readonly members: Member[];
  /** Place of the entity after the one that was picked last. */
  turn: number;
}

/** Round robin inside strict priorities (the default of drm_sched before 6.2): the entities of the most urgent band that has ready jobs, one job each in turn. */
export class RoundRobinRunQueue implements RunQueue {
  private readonly circles: readonly Circle[] = Array.from({ length: 4 }, () => ({ members: [], turn: 0 }));
  size = 0;

  add(job: SchedJob): void {
    const { members, turn } = this.circles[priorityOf(job.entity.urgency)]!;
    this.size++;
    const member = members.find((m) => m.entity === job.entity);
    if (member !== undefined) {
      let at = member.jobs.length;
      while (at > 0 && member.jobs[at - 1]!.sequence > job.sequence) at--;
      member.jobs.splice(at, 0, job);
      return;
    }
    // Who comes new goes to the end of the circle: just before the one whose turn it is.
    members.splice(turn, 0, { entity: job.entity, jobs: [job] });
    const circle = this.circles[priorityOf(job.entity.urgency)]!;
    circle.turn = (turn + 1) % members.length;
  }

  peek(): SchedJob | null {
    for (const { members, turn } of this.circles) if (members.length > 0) return members[turn]!.jobs[0]!;
    return null;
  }

  take(): void {
    const circle = this.circles.find(({ members }) => members.length > 0);
    invariant(circle !== undefined, "a job is taken when there is one");
    const { members } = circle;
    members[circle.turn]!.jobs.shift();
    this.size--;
    if (members[circle.turn]!.jobs.length === 0) members.splice(circle.turn, 1);
    else if (!mutant("sched-rr-sticks")) circle.turn++;
    if (circle.turn >= members.length) circle.turn = 0;
  }

  remove(job: SchedJob): boolean {
    for (const circle of this.circles) {
      const i = circle.members.findIndex((m) => m.jobs.includes(job));
      if (i < 0) continue;
      const { jobs } = circle.members[i]!;
      jobs.splice(jobs.indexOf(job), 1);
      this.size--;
      if (jobs.length > 0) return true;
      circle.members.splice(i, 1);
      if (circle.turn > i) circle.turn--;
      if (circle.turn >= circle.members.length) circle.turn = 0;
      return true;
    }
    return false;
  }

  jobs(): readonly SchedJob[] {
    return this.circles.flatMap(({ members, turn }) => [...members.slice(turn), ...members.slice(0, turn)].flatMap((m) => m.jobs));
  }
}
