import type { Observer } from "../../kernel/observe.ts";

type Hook = keyof Observer;

/** Several observers as one. */
export function fanout(observers: readonly Observer[]): Observer {
  const [only] = observers;
  if (observers.length === 1) return only!;
  const all = <K extends Hook>(name: K): Observer[K] => ((...args: never[]) => {
    for (const observer of observers) (observer[name] as (...given: never[]) => void)(...args);
  }) as Observer[K];
  return {
    called: all("called"), returned: all("returned"), resumed: all("resumed"), parked: all("parked"), threadStarted: all("threadStarted"), joined: all("joined"),
    submitted: all("submitted"), started: all("started"), ended: all("ended"), signaled: all("signaled"), saw: all("saw"), sawQueue: all("sawQueue"),
    released: all("released"), acquired: all("acquired"), allocated: all("allocated"), freed: all("freed"), touched: all("touched"), viewed: all("viewed"), lent: all("lent"),
  };
}
