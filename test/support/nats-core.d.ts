// In the place of the declarations of @nats-io/nats-core, which do not compile with the options of this project
// (`paths` in tsconfig.json). test/types/errors/nats.ts sees the real ones.
import type { NatsCore } from '../../src/bus/nats/nats-library.ts';

export declare const wsconnect: NatsCore['wsconnect'];
export declare const AuthorizationError: NatsCore['AuthorizationError'];
export declare const PermissionViolationError: NatsCore['PermissionViolationError'];
export declare const ProtocolError: NatsCore['ProtocolError'];
