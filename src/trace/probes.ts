import { type Probe, setProbe } from './probe.ts';

const probes = new Set<Probe>();

/** Adds a probe to the active ones. @returns a function that removes it */
export function addProbe(added: Probe): () => void {
  probes.add(added);
  combine();
  return () => {
    probes.delete(added);
    combine();
  };
}

function combine(): void {
  let all: Probe | undefined;
  for (const one of probes) all = all === undefined ? one : both(all, one);
  setProbe(all);
}

/** Combines two probes. If both could say where something comes from, the first one does. */
function both(first: Probe, second: Probe): Probe {
  return {
    queued(call) {
      first.queued(call);
      second.queued(call);
    },
    run: (call, body) => first.run(call, () => second.run(call, body)),
    ended(call, hasFailed, outcome) {
      second.ended(call, hasFailed, outcome);
      first.ended(call, hasFailed, outcome);
    },
    publish: (event, body) => first.publish(event, (trace) => second.publish(event, (other) => body(trace ?? other))),
    receive: (event, trace, body) => first.receive(event, trace, () => second.receive(event, trace, body)),
    request(name) {
      const one = first.request(name);
      const other = second.request(name);
      return {
        trace: one.trace ?? other.trace,
        end(error) {
          other.end(error);
          one.end(error);
        },
      };
    },
    serve: (request, trace, body) => first.serve(request, trace, () => second.serve(request, trace, body)),
  };
}
