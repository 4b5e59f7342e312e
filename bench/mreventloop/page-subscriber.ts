import { countInPage } from '../page.ts';

await countInPage('mreventloop/page.ts');
