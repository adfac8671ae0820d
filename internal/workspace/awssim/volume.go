package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// volume is an EBS volume.
type volume struct {
	fleet     *Fleet
	id, kind  string
	snapshot  string
	zone      string
	size      int
	state     string
	encrypted bool
	key       string // KMS key; empty: it is not told
	created   time.Time
	instance  string
	device    string
	attached  time.Time
	delete    bool
	tags      tags
}

func volumeActions() map[string]action {
	return map[string]action{
		"DescribeVolumes": describeVolumes,
		"CreateVolume":    createVolume,
		"AttachVolume":    attachVolume,
		"DetachVolume":    detachVolume,
		"DeleteVolume":    deleteVolume,
	}
}

func (f *Fleet) newVolume(zone, kind, snapshot string, size int) *volume {
	v := &volume{fleet: f, id: f.cloud.id("vol"), kind: kind, snapshot: snapshot, zone: zone, size: size,
		state: "available", created: f.cloud.now, tags: tags{}}
	f.volumes[v.id] = v
	return v
}

// addDisks gives a new instance the volumes of its image, as changed by what it was launched with.
func (i *instance) addDisks(img *image) {
	disks := slices.Clone(img.disks)
	for _, mapping := range i.data.list("BlockDeviceMapping") {
		disks = i.mapped(disks, mapping)
	}
	for _, d := range disks {
		v := i.fleet.newVolume(i.zone, d.kind, d.snapshot, d.size)
		v.encrypted = d.encrypted
		if s := i.fleet.snapshots[d.snapshot]; s != nil {
			v.key = s.key
		}
		v.tags = tagsFrom(i.data, "volume")
		v.attach(i, d.device, d.delete)
	}
}

// mapped applies one block device mapping of a launch.
func (i *instance) mapped(disks []imageDisk, mapping *params) []imageDisk {
	device, ebs := mapping.str("DeviceName"), mapping.at("Ebs")
	at := slices.IndexFunc(disks, func(d imageDisk) bool { return d.device == device })
	if mapping.at("NoDevice").set {
		return slices.DeleteFunc(disks, func(d imageDisk) bool { return d.device == device })
	}
	if at < 0 {
		disks = append(disks, imageDisk{device: device, kind: "gp2", size: 8, delete: true})
		at = len(disks) - 1
	}
	d := &disks[at]
	d.kind = cmp.Or(ebs.str("VolumeType"), d.kind)
	d.snapshot = cmp.Or(ebs.str("SnapshotId"), d.snapshot)
	if size, err := strconv.Atoi(ebs.str("VolumeSize")); err == nil {
		d.size = size
	}
	if ebs.has("DeleteOnTermination") {
		d.delete = ebs.yes("DeleteOnTermination")
	}
	d.encrypted = d.encrypted || ebs.yes("Encrypted")
	return disks
}

func (v *volume) attach(i *instance, device string, deleted bool) {
	now := i.fleet.cloud.now
	v.state, v.instance, v.device, v.attached, v.delete = "in-use", i.id, device, now, deleted
	i.disks = append(i.disks, disk{device: device, volume: v.id, attached: now, delete: deleted})
}

// release frees a volume from its instance, or removes it with the instance.
func (v *volume) release(remove bool) {
	v.state, v.instance, v.device = "available", "", ""
	if remove {
		delete(v.fleet.volumes, v.id)
	}
}

func (f *Fleet) volume(id string) (*volume, error) {
	if v := f.volumes[id]; v != nil {
		return v, nil
	}
	if !strings.HasPrefix(id, "vol-") {
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter volumeId is invalid. Expected: 'vol-...'.", id)
	}
	return nil, refuse("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
}

func (v *volume) elems() []elem {
	attachments := el("attachmentSet")
	if v.instance != "" {
		attachments.kids = append(attachments.kids, el("item", v.attachment("attached")...))
	}
	return []elem{
		text("volumeId", v.id),
		num("size", v.size),
		raw("snapshotId", v.snapshot),
		text("availabilityZone", v.zone),
		text("status", v.state),
		when("createTime", v.created),
		attachments,
		v.tags.elem(),
		text("volumeType", v.kind),
		flag("encrypted", v.encrypted),
		text("kmsKeyId", v.key),
		flag("multiAttachEnabled", false),
	}
}

func (v *volume) attachment(status string) []elem {
	return []elem{text("volumeId", v.id), text("instanceId", v.instance), text("device", v.device),
		text("status", status), when("attachTime", v.attached), flag("deleteOnTermination", v.delete)}
}

func describeVolumes(k *call) ([]elem, error) {
	var all []*volume
	for _, id := range k.p.strs("VolumeId") {
		v, err := k.fleet.volume(id)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	if !k.p.has("VolumeId") {
		all = sortedValues(k.fleet.volumes)
	}
	all, err := sift(all, k.filters(), func(v *volume) field { return v.field })
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 500, 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("volumeSet", shown, (*volume).elems), text("nextToken", next)}, nil
}

func (v *volume) field(name string) ([]string, bool) {
	switch name {
	case "volume-id":
		return []string{v.id}, true
	case "status":
		return []string{v.state}, true
	case "snapshot-id":
		return []string{v.snapshot}, true
	case "availability-zone":
		return []string{v.zone}, true
	case "volume-type":
		return []string{v.kind}, true
	case "size":
		return []string{strconv.Itoa(v.size)}, true
	case "attachment.instance-id":
		return []string{v.instance}, true
	case "attachment.device":
		return []string{v.device}, true
	}
	return v.tags.field(name)
}

func createVolume(k *call) ([]elem, error) {
	if err := k.need("AvailabilityZone"); err != nil {
		return nil, err
	}
	size := k.num(0, "Size")
	return k.once(func() (func() []elem, error) {
		if id := k.p.str("SnapshotId"); id != "" {
			s, err := k.fleet.snapshot(id)
			if err != nil {
				return nil, err
			}
			if size == 0 {
				size = s.size
			}
			if size < s.size {
				return nil, refuse("InvalidParameterValue", "Volume size must not be smaller than the snapshot: %d GiB.", s.size)
			}
		}
		if size == 0 {
			return nil, refuse("MissingParameter", "The request must contain the parameter size or snapshotId")
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		v := k.fleet.newVolume(k.p.str("AvailabilityZone"), cmp.Or(k.p.str("VolumeType"), "gp2"), k.p.str("SnapshotId"), size)
		v.state, v.encrypted, v.tags = "creating", k.p.yes("Encrypted"), tagsFrom(k.p, "volume")
		k.cloud.after(3*time.Second, func() {
			if v.state == "creating" {
				v.state = "available"
			}
		})
		return v.elems, nil
	})
}

func attachVolume(k *call) ([]elem, error) {
	if err := k.need("Device", "InstanceId", "VolumeId"); err != nil {
		return nil, err
	}
	v, err := k.fleet.volume(k.p.str("VolumeId"))
	if err != nil {
		return nil, err
	}
	found, err := k.fleet.find([]string{k.p.str("InstanceId")})
	if err != nil {
		return nil, err
	}
	i := found[0]
	switch {
	case v.state == "in-use":
		return nil, refuse("VolumeInUse", "%s is already attached to an instance", v.id)
	case v.state != "available":
		return nil, refuse("IncorrectState", "%s is not 'available'.", v.id)
	case i.state != Running && i.state != Stopped:
		return nil, refuse("IncorrectState", "Instance '%s' is not 'running' or 'stopped'.", i.id)
	case v.zone != i.zone:
		return nil, refuse("InvalidVolume.ZoneMismatch", "The volume '%s' is not in the same availability zone as instance '%s'", v.id, i.id)
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	v.attach(i, k.p.str("Device"), false)
	return v.attachment("attaching"), nil
}

func detachVolume(k *call) ([]elem, error) {
	if err := k.need("VolumeId"); err != nil {
		return nil, err
	}
	v, err := k.fleet.volume(k.p.str("VolumeId"))
	if err != nil {
		return nil, err
	}
	i := k.fleet.instances[v.instance]
	if i == nil {
		return nil, refuse("IncorrectState", "Volume '%s' is in the '%s' state.", v.id, v.state)
	}
	if v.device == i.rootDevice && i.state != Stopped {
		return nil, refuse("OperationNotPermitted", "Unable to detach root volume '%s' from instance '%s'", v.id, i.id)
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	answer := v.attachment("detaching")
	i.disks = slices.DeleteFunc(i.disks, func(d disk) bool { return d.volume == v.id })
	v.release(false)
	return answer, nil
}

func deleteVolume(k *call) ([]elem, error) {
	if err := k.need("VolumeId"); err != nil {
		return nil, err
	}
	v, err := k.fleet.volume(k.p.str("VolumeId"))
	if err != nil {
		return nil, err
	}
	if v.state == "in-use" {
		return nil, refuse("VolumeInUse", "Volume %s is currently attached to %s", v.id, v.instance)
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	delete(k.fleet.volumes, v.id)
	return []elem{flag("return", true)}, nil
}
