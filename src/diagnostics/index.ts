export { type EventMessage, publishDiagnostics, type RequestMessage, type SlotMessage } from './publish-diagnostics.ts';
