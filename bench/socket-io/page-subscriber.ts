import { countInPage } from '../page.ts';

await countInPage('socket-io/page.ts');
