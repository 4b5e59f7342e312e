import { contract, request } from 'mreventloop';
import { z } from 'zod';

export type Ticks = Record<string, [payload: string]>;
export type Questions = { question: [payload: string] };
export type Answers = { answer: [payload: string] };

export const requests = contract({ echo: request([z.string()], z.string()) });
