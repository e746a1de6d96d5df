/**
 * An example: an application of somebody else's that shows the panel to the people it knows, under a path of its own.
 * Outside this repository, the plugin is imported from 'cloudy-services'.
 */
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import cloudyServices, { type CloudyServicesOptions } from '../../plugin/index.js';

/** Whom the application knows, by the word in `Authorization: Bearer …`. */
const PEOPLE = new Map<string | undefined, 'owner' | 'reader'>([
  ['Bearer anna', 'owner'],
  ['Bearer biel', 'reader'],
]);

/** Everybody else sees nothing: `publicRead` is off. */
const whoIs = async ({ headers }: FastifyRequest) => PEOPLE.get(headers.authorization) ?? null;

/** @param config options of the panel, by their names in `Config` */
export async function createHost(config: CloudyServicesOptions['config'] = {}): Promise<FastifyInstance> {
  const app = Fastify();

  // The application's own pages, forms and errors stay its own.
  app.get('/', async () => 'the application');
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_: FastifyRequest, body: string) => body,
  );
  app.post('/form', async ({ body }) => body);
  app.get('/broken', () => Promise.reject(new Error('broken')));
  app.setErrorHandler(async (_, __, reply) => reply.code(500).send('an error of the application'));
  app.setNotFoundHandler(async (_, reply) => reply.code(404).send('not a page of the application'));

  await app.register(cloudyServices, {
    prefix: '/neighbours',
    authenticate: whoIs,
    config: { publicRead: false, ...config },
  });
  return app;
}
