/** Providers and administration: reference 3.9 to 3.15. */
import { each, type InterfaceTable } from './interface-table.ts'

const fileShare = 'Holdfast copies volumes of LUNs; shadow copies of remote file shares are not its business.'
const reserved = 'VSS documents it as reserved and not supported.'

export const PROVIDER_INTERFACES: readonly InterfaceTable[] = [
  {
    name: 'IVssHardwareSnapshotProvider',
    carriers: ['HardwareSnapshotProvider'],
    members: 'AreLunsSupported FillInLunInfo BeginPrepareSnapshot GetTargetLuns LocateLuns OnLunEmpty',
  },
  {
    name: 'IVssHardwareSnapshotProviderEx',
    carriers: ['HardwareSnapshotProviderEx'],
    members: 'GetProviderCapabilities OnLunStateChange ResyncLuns OnReuseLuns',
    absent: { OnReuseLuns: reserved },
  },
  {
    name: 'IVssSoftwareSnapshotProvider',
    carriers: ['SoftwareSnapshotProvider'],
    members: `SetContext GetSnapshotProperties Query DeleteSnapshots BeginPrepareSnapshot IsVolumeSupported
      IsVolumeSnapshotted SetSnapshotProperty RevertToSnapshot QueryRevertStatus`,
  },
  {
    name: 'IVssProviderCreateSnapshotSet',
    carriers: ['ProviderCreateSnapshotSet'],
    members: `EndPrepareSnapshots PreCommitSnapshots CommitSnapshots PostCommitSnapshots PreFinalCommitSnapshots
      PostFinalCommitSnapshots AbortSnapshots`,
  },
  {
    name: 'IVssProviderNotifications',
    carriers: ['ProviderNotifications'],
    members: 'OnLoad OnUnload',
  },
  {
    name: 'IVssFileShareSnapshotProvider',
    carriers: ['FileShareSnapshotProvider'],
    members: `SetContext GetSnapshotProperties Query DeleteSnapshots BeginPrepareSnapshot IsPathSupported
      IsPathSnapshotted SetSnapshotProperty`,
    absent: each(
      `SetContext GetSnapshotProperties Query DeleteSnapshots BeginPrepareSnapshot IsPathSupported IsPathSnapshotted
      SetSnapshotProperty`,
      fileShare,
    ),
  },
  {
    name: 'IVssAdmin',
    carriers: ['VssAdmin', 'Coordinator'],
    members: 'RegisterProvider UnregisterProvider QueryProviders AbortAllSnapshotsInProgress',
  },
  {
    name: 'IVssAdminEx',
    carriers: ['VssAdmin', 'Coordinator'],
    members: 'GetProviderCapability GetProviderContext SetProviderContext',
  },
  {
    name: 'IVssSnapshotMgmt',
    carriers: ['SnapshotMgmt'],
    members: 'GetProviderMgmtInterface QueryVolumesSupportedForSnapshots QuerySnapshotsByVolume',
  },
  { name: 'IVssSnapshotMgmt2', carriers: ['SnapshotMgmt'], members: 'GetMinDiffAreaSize' },
  {
    name: 'IVssDifferentialSoftwareSnapshotMgmt',
    carriers: ['DifferentialSoftwareSnapshotMgmt'],
    members: `AddDiffArea ChangeDiffAreaMaximumSize QueryVolumesSupportedForDiffAreas QueryDiffAreasForVolume
      QueryDiffAreasOnVolume QueryDiffAreasForSnapshot`,
  },
  {
    name: 'IVssDifferentialSoftwareSnapshotMgmt2',
    carriers: ['DifferentialSoftwareSnapshotMgmt'],
    members: 'ChangeDiffAreaMaximumSizeEx MigrateDiffAreas QueryMigrationStatus SetSnapshotPriority',
    absent: each('MigrateDiffAreas QueryMigrationStatus SetSnapshotPriority', reserved),
  },
  {
    name: 'IVssDifferentialSoftwareSnapshotMgmt3',
    carriers: ['DifferentialSoftwareSnapshotMgmt'],
    members: `SetVolumeProtectLevel GetVolumeProtectLevel ClearVolumeProtectFault DeleteUnusedDiffAreas
      QuerySnapshotDeltaBitmap`,
    absent: { QuerySnapshotDeltaBitmap: reserved },
  },
]
