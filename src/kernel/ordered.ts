/** A place in the tree. */
interface Place<T> {
  value: T;
  readonly weight: number;
  left: Place<T> | null;
  right: Place<T> | null;
}

/**
 * A set in an order, with logarithmic insertion, removal and search: what the kernel keeps in red-black trees. A treap, whose weights come from a
 * generator of its own, so that its shape depends on nothing but what was done to it.
 */
export class OrderedSet<T> {
  private readonly compare: (a: T, b: T) => number;
  private root: Place<T> | null = null;
  private seed = 0x2545f491;
  private count = 0;

  /** @param compare negative: `a` before `b`; 0: the same member */
  constructor(compare: (a: T, b: T) => number) {
    this.compare = compare;
  }

  get size(): number {
    return this.count;
  }

  /** Adds a member that is not in the set. */
  add(value: T): void {
    this.seed ^= this.seed << 13;
    this.seed ^= this.seed >>> 17;
    this.seed ^= this.seed << 5;
    const place: Place<T> = { value, weight: this.seed >>> 0, left: null, right: null };
    // Down to where its weight belongs, then the rest is split around it.
    let above: Place<T> | null = null;
    let left = false;
    let at = this.root;
    while (at !== null && at.weight >= place.weight) {
      above = at;
      left = this.compare(value, at.value) < 0;
      at = left ? at.left : at.right;
    }
    this.split(at, place);
    if (above === null) this.root = place;
    else if (left) above.left = place;
    else above.right = place;
    this.count++;
  }

  /** Removes a member; false when it is not in the set. */
  delete(value: T): boolean {
    let above: Place<T> | null = null;
    let left = false;
    let at = this.root;
    while (at !== null) {
      const order = this.compare(value, at.value);
      if (order === 0) break;
      above = at;
      left = order < 0;
      at = left ? at.left : at.right;
    }
    if (at === null) return false;
    const joined = join(at.left, at.right);
    if (above === null) this.root = joined;
    else if (left) above.left = joined;
    else above.right = joined;
    this.count--;
    return true;
  }

  /** First member for which `reached` holds; members before it are those for which it does not. */
  firstWhere(reached: (value: T) => boolean): T | null {
    let found: T | null = null;
    let at = this.root;
    while (at !== null) {
      if (reached(at.value)) {
        found = at.value;
        at = at.left;
      } else at = at.right;
    }
    return found;
  }

  /** Members in order, from the first for which `reached` holds (all when absent). The set may not change meanwhile. */
  *from(reached: (value: T) => boolean = () => true): Generator<T> {
    const stack: Place<T>[] = [];
    let at = this.root;
    for (;;) {
      while (at !== null) {
        if (reached(at.value)) {
          stack.push(at);
          at = at.left;
        } else at = at.right;
      }
      const next = stack.pop();
      if (next === undefined) return;
      yield next.value;
      at = next.right;
    }
  }

  /** Members in the opposite order. The set may not change meanwhile. */
  *backwards(): Generator<T> {
    const stack: Place<T>[] = [];
    let at = this.root;
    for (;;) {
      while (at !== null) {
        stack.push(at);
        at = at.right;
      }
      const next = stack.pop();
      if (next === undefined) return;
      yield next.value;
      at = next.left;
    }
  }

  /** Hangs what comes before and behind `place` under it. */
  private split(tree: Place<T> | null, place: Place<T>): void {
    let lowEnd: Place<T> = place;
    let highEnd: Place<T> = place;
    let at = tree;
    while (at !== null) {
      if (this.compare(at.value, place.value) < 0) {
        if (lowEnd === place) place.left = at;
        else lowEnd.right = at;
        lowEnd = at;
        at = at.right;
      } else {
        if (highEnd === place) place.right = at;
        else highEnd.left = at;
        highEnd = at;
        at = at.left;
      }
    }
    if (lowEnd !== place) lowEnd.right = null;
    if (highEnd !== place) highEnd.left = null;
  }
}

function join<T>(left: Place<T> | null, right: Place<T> | null): Place<T> | null {
  if (left === null) return right;
  if (right === null) return left;
  if (left.weight >= right.weight) {
    left.right = join(left.right, right);
    return left;
  }
  right.left = join(left, right.left);
  return right;
}
