export { type BusCheck, type BusPlace, type BusSubject, busSuite } from './bus-suite.ts';
export { FaultyBus, FaultyNetwork, type FaultyNetworkOptions, type Faults } from './faulty-network.ts';
export { Spy } from './spy.ts';
export { StepClock, type UntilOptions } from './step-clock.ts';
