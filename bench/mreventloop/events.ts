export type Ticks = { tick: [payload: string]; tock: [payload: string] };
export type Questions = { question: [payload: string] };
export type Answers = { answer: [payload: string] };
