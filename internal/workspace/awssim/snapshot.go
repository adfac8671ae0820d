package awssim

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// snapshot is a copy of a volume, whose content is fixed when it is asked for.
type snapshot struct {
	fleet       *Fleet
	id, volume  string
	description string
	size        int
	started     time.Time
	took        time.Duration // how long it takes in all
	stuck       bool
	failed      bool
	encrypted   bool
	key         string   // KMS key; empty: it is not told
	readers     []string // other accounts that may make volumes of it
	why         string   // it failed
	tags        tags
}

func snapshotActions() map[string]action {
	return map[string]action{
		"DescribeSnapshots":         describeSnapshots,
		"CreateSnapshot":            createSnapshot,
		"CreateSnapshots":           createSnapshots,
		"DeleteSnapshot":            deleteSnapshot,
		"ModifySnapshotAttribute":   modifySnapshotAttribute,
		"DescribeSnapshotAttribute": describeSnapshotAttribute,
	}
}

// copiedVolume is what AWS names as the volume of a snapshot that was copied.
const copiedVolume = "vol-ffffffff"

// snapFor is how long a snapshot takes: up to 8 GiB as long as the options say, larger ones longer. A volume with a
// finished snapshot takes a quarter of that, since only what changed is copied.
func (f *Fleet) snapFor(volume string, size int) time.Duration {
	took := f.cloud.opts.ImageFor + f.cloud.opts.ImageFor*time.Duration(max(size-8, 0))/64
	for _, s := range f.snapshots {
		if s.volume == volume && volume != copiedVolume && s.state() == "completed" {
			return took / 4
		}
	}
	return took
}

// snap begins a snapshot.
func (f *Fleet) snap(volume string, size int, description string) *snapshot {
	s := &snapshot{
		fleet:       f,
		id:          f.cloud.id("snap"),
		volume:      volume,
		description: description,
		size:        size,
		started:     f.cloud.now,
		took:        f.snapFor(volume, size),
		tags:        tags{},
	}
	f.snapshots[s.id] = s
	return s
}

// progress is how far the snapshot is, in percent.
func (s *snapshot) progress() int {
	elapsed := s.fleet.cloud.now.Sub(s.started)
	if s.took <= 0 || elapsed >= s.took {
		if s.stuck || s.failed {
			return 45
		}
		return 100
	}
	percent := int(100 * elapsed / s.took)
	if s.stuck {
		percent = min(percent, 45)
	}
	return percent
}

func (s *snapshot) state() string {
	switch {
	case s.failed:
		return "error"
	case s.progress() == 100:
		return "completed"
	}
	return "pending"
}

func (s *snapshot) elems(stateName string) []elem {
	var completed time.Time
	if s.state() == "completed" {
		completed = s.started.Add(s.took)
	}
	return []elem{
		text("snapshotId", s.id),
		text("volumeId", s.volume),
		text(stateName, s.state()),
		when("startTime", s.started),
		only(stateName == "status", when("completionTime", completed)),
		text("progress", strconv.Itoa(s.progress())+"%"),
		text("ownerId", s.fleet.account),
		num("volumeSize", s.size),
		raw("description", s.description),
		s.tags.elem(),
		flag("encrypted", s.encrypted),
		text("kmsKeyId", s.key),
		only(stateName == "status", text("statusMessage", s.why)),
		only(stateName == "status", text("storageTier", "standard")),
	}
}

func (f *Fleet) snapshot(id string) (*snapshot, error) {
	if !strings.HasPrefix(id, "snap-") {
		return nil, refuse("InvalidSnapshotID.Malformed", "Invalid id: \"%s\" (expecting \"snap-...\")", id)
	}
	if s := f.snapshots[id]; s != nil {
		return s, nil
	}
	return nil, refuse("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
}

func describeSnapshots(k *call) ([]elem, error) {
	var all []*snapshot
	for _, id := range k.p.strs("SnapshotId") {
		s, err := k.fleet.snapshot(id)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if !k.p.has("SnapshotId") {
		all = sortedValues(k.fleet.snapshots)
	}
	if owners := k.p.strs("Owner"); len(owners) > 0 && !slices.Contains(owners, "self") && !slices.Contains(owners, k.fleet.account) {
		all = nil
	}
	all, err := sift(all, k.filters(), func(s *snapshot) field { return s.field })
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, max(len(all), 1), 1000)
	if err != nil {
		return nil, err
	}
	return []elem{
		set("snapshotSet", shown, func(s *snapshot) []elem { return s.elems("status") }),
		text("nextToken", next),
	}, nil
}

func (s *snapshot) field(name string) ([]string, bool) {
	switch name {
	case "snapshot-id":
		return []string{s.id}, true
	case "volume-id":
		return []string{s.volume}, true
	case "status":
		return []string{s.state()}, true
	case "description":
		return []string{s.description}, true
	case "owner-id":
		return []string{s.fleet.account}, true
	case "volume-size":
		return []string{strconv.Itoa(s.size)}, true
	case "progress":
		return []string{strconv.Itoa(s.progress()) + "%"}, true
	case "start-time":
		return []string{s.started.UTC().Format(stamp)}, true
	case "encrypted":
		return []string{strconv.FormatBool(s.encrypted)}, true
	case "storage-tier":
		return []string{"standard"}, true
	}
	return s.tags.field(name)
}

func createSnapshot(k *call) ([]elem, error) {
	if err := k.need("VolumeId"); err != nil {
		return nil, err
	}
	v, err := k.fleet.volume(k.p.str("VolumeId"))
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	s := k.fleet.snap(v.id, v.size, k.p.str("Description"))
	s.tags, s.encrypted = tagsFrom(k.p, "snapshot"), v.encrypted
	return s.elems("status"), nil
}

// createSnapshots takes one consistent set of an instance's volumes.
func createSnapshots(k *call) ([]elem, error) {
	wanted := k.p.at("InstanceSpecification")
	found, err := k.fleet.find([]string{wanted.str("InstanceId")})
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	source := found[0]
	left := map[string]bool{}
	for _, id := range wanted.strs("ExcludeDataVolumeId") {
		left[id] = true
	}
	var taken []*snapshot
	for _, d := range source.disks {
		v := k.fleet.volumes[d.volume]
		if v == nil || left[v.id] || d.device == source.rootDevice && wanted.yes("ExcludeBootVolume") {
			continue
		}
		s := k.fleet.snap(v.id, v.size, k.p.str("Description"))
		s.tags, s.encrypted = tagsFrom(k.p, "snapshot"), v.encrypted
		taken = append(taken, s)
	}
	return []elem{set("snapshotSet", taken, func(s *snapshot) []elem { return s.elems("state") })}, nil
}

// imageOf returns an image that needs a snapshot.
func (f *Fleet) imageOf(snapshot string) *image {
	for _, img := range sortedValues(f.images) {
		for _, d := range img.disks {
			if d.snapshot == snapshot && img.state != "deregistered" {
				return img
			}
		}
	}
	return nil
}

func deleteSnapshot(k *call) ([]elem, error) {
	if err := k.need("SnapshotId"); err != nil {
		return nil, err
	}
	s, err := k.fleet.snapshot(k.p.str("SnapshotId"))
	if err != nil {
		return nil, err
	}
	if img := k.fleet.imageOf(s.id); img != nil {
		return nil, refuse("InvalidSnapshot.InUse", "The snapshot %s is currently in use by %s", s.id, img.id)
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	delete(k.fleet.snapshots, s.id)
	return []elem{flag("return", true)}, nil
}
