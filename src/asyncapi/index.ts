export {
  type AsyncApiChannel,
  type AsyncApiDocument,
  type AsyncApiInfo,
  type AsyncApiMessage,
  type AsyncApiOperation,
  type JsonSchema,
  type Reference,
} from './document.ts';
export { toAsyncApi, type AsyncApiOptions } from './to-async-api.ts';
