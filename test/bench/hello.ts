/** A child that serves the smallest Fastify page: what any page costs at least. */
import Fastify from 'fastify';
import { say } from './child.js';

const app = Fastify();
app.get('/', (_, reply) => reply.type('text/html').send('<!doctype html><title>hello</title><p>hello'));
say(await app.listen({ port: 0, host: '127.0.0.1' }));
