import { Broker, connect, Peer } from 'mreventloop';

/** A buyer asks, a seller answers, through a broker between them. Gives what the buyer heard. */
export async function crossing(inAddress: string, outAddress: string): Promise<unknown> {
  await using broker = await new Broker(inAddress, outAddress).start();
  // Awaited here: leaving the block stops the broker.
  return await meeting(broker.endpoints.in, broker.endpoints.out);
}

/** The same through a broker that is there already. */
export async function meeting(inAddress: string, outAddress: string): Promise<unknown> {
  const seller = new Peer<{ request_product: [] }, { produced: [product: string, price: number] }>(
    inAddress,
    outAddress,
    ['request_product'],
    ['produced'],
  );
  const buyer = new Peer<{ produced: [product: string, price: number] }, { request_product: [] }>(
    inAddress,
    outAddress,
    ['produced'],
    ['request_product'],
  );
  connect(seller, 'request_product', () => seller.publish.produced('tea', 3));

  await using _seller = await seller.start();
  await using _buyer = await buyer.start();
  const produced = buyer.events.produced.next();
  await buyer.publish.request_product();
  // Awaited here: leaving the block stops the peers.
  return await produced;
}
