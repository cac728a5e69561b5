import test from 'ava'
import { missingDependencies } from '../../lib/backup/dependencies.ts'
import { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import type { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import { newGuid } from '../../lib/ids.ts'
import { metadataOf, splitName } from './documents.ts'

/** A writer with one component `shop` that needs components of another writer. */
function needing(
  writerId: string,
  ...needed: { logicalPath?: string; componentName: string }[]
): WriterMetadataDocument {
  const identity = {
    instanceId: newGuid(),
    writerId: newGuid(),
    writerName: 'Shop',
    usage: 3,
    source: 3,
  } as const
  const metadata = new CreateWriterMetadata(identity)
  metadata.setRestoreMethod({ method: 2, writerRestore: 3 })
  metadata.addComponent({ type: 2, componentName: 'shop', selectable: true })
  for (const { logicalPath = null, componentName } of needed) {
    metadata.addComponentDependency({
      ...{
        forComponentName: 'shop',
        onWriterId: writerId,
        onLogicalPath: logicalPath,
        onComponentName: componentName,
      },
    })
  }
  return metadata.finish()
}

const database = metadataOf({ components: [{ name: 'db' }, { name: 'db\\log' }, { name: 'other' }] })
const { writerId } = database.getIdentity()
const include = (metadata: WriterMetadataDocument, ...names: string[]) => ({
  metadata,
  explicit: names.map(splitName),
})

test('R195: what an included component needs is missing unless it is included too, explicitly or implicitly', (t) => {
  const shop = needing(writerId, { componentName: 'db' }, { logicalPath: 'db', componentName: 'log' })
  const missing = (...writers: ReturnType<typeof include>[]): string[] =>
    missingDependencies(writers).map(
      ({ component, componentName }) => `${component.componentName} ${componentName}`,
    )
  t.deepEqual(missing(include(shop, 'shop'), include(database, 'db')), [])
  t.deepEqual(missing(include(database, 'db', 'other'), include(shop, 'shop')), [])
  t.deepEqual(missing(include(shop, 'shop'), include(database, 'other')), ['shop db', 'shop log'])
  t.deepEqual(missing(include(database, 'other'), include(shop)), [])
})

test('R195: a component on another host is told of in either place where its host may stand', (t) => {
  const shop = needing(
    writerId,
    { logicalPath: '\\\\far\\db', componentName: 'log' },
    { componentName: '\\\\far\\db' },
  )
  t.deepEqual(
    missingDependencies([include(shop, 'shop'), include(database, 'db')]).map(
      ({ host, logicalPath, componentName }) => [host, logicalPath, componentName],
    ),
    [
      ['far', 'db', 'log'],
      ['far', null, 'db'],
    ],
  )
})
