// The parser's types name its types, and it does not bring them.
declare module 'node-fetch';
