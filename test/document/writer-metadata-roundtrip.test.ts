// Random Writer Metadata Documents, saved in every encoding and loaded again.
import { Buffer } from 'node:buffer'
import test from 'ava'
import fc from 'fast-check'
import type { WMFiledesc } from '../../lib/document/wm-component.ts'
import { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import { RUNS } from './arbitraries.ts'
import { build, writer } from './said.ts'

function plainFile(file: WMFiledesc): unknown {
  return [
    file.getPath(),
    file.getFilespec(),
    file.getRecursive(),
    file.getAlternateLocation(),
    file.getBackupTypeMask(),
  ]
}

function list<Item>(count: number, at: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => at(index))
}

/** Everything a reader can learn from a document. */
function plainMetadata(metadata: WriterMetadataDocument): unknown {
  const counts = metadata.getFileCounts()
  return {
    identity: metadata.getIdentityEx(),
    version: metadata.getVersion(),
    schema: metadata.getBackupSchema(),
    method: metadata.getRestoreMethod(),
    mappings: list(metadata.getRestoreMethod()?.mappings ?? 0, (i) =>
      plainFile(metadata.getAlternateLocationMapping(i)),
    ),
    excluded: list(counts.excludeFiles, (i) => plainFile(metadata.getExcludeFile(i))),
    excludedFromSnapshot: list(metadata.getExcludeFromSnapshotCount(), (i) =>
      plainFile(metadata.getExcludeFromSnapshotFile(i)),
    ),
    components: list(counts.components, (i) => {
      const item = metadata.getComponent(i)
      const info = item.getComponentInfo()
      return {
        info,
        files: list(info.fileCount, (n) => plainFile(item.getFile(n))),
        databaseFiles: list(info.databases, (n) => plainFile(item.getDatabaseFile(n))),
        logFiles: list(info.logFiles, (n) => plainFile(item.getDatabaseLogFile(n))),
        dependencies: list(info.dependencies, (n) => {
          const dependency = item.getDependency(n)
          return [dependency.getWriterId(), dependency.getLogicalPath(), dependency.getComponentName()]
        }),
      }
    }),
  }
}

test('R12: whatever a writer says is read from the saved document as it was said, in every encoding', (t) => {
  fc.assert(
    fc.property(writer, (said) => {
      const made = build(said)
      const xml = made.toXml()
      const plain = plainMetadata(made)
      const little = Buffer.from(`\ufeff${xml}`, 'utf16le')
      for (const saved of [xml, Buffer.from(xml), little, Buffer.from(little).swap16()]) {
        const loaded = WriterMetadataDocument.fromXml(saved)
        t.deepEqual(plainMetadata(loaded), plain)
        t.is(loaded.toXml(), xml)
      }
      t.like(made.getIdentityEx(), {
        writerName: said.identity.writerName,
        instanceName: said.identity.instanceName,
      })
      for (const [i, { caption, icon }] of said.components.entries()) {
        const info = made.getComponent(i).getComponentInfo()
        t.is(info.caption, caption)
        t.deepEqual(info.icon, icon)
      }
    }),
    RUNS,
  )
})
