package awssim

import "strconv"

// imageDisk is a volume that machines of the image get.
type imageDisk struct {
	device, snapshot, kind string
	size                   int
	delete, encrypted      bool
}

func (d imageDisk) elems() []elem {
	return []elem{text("deviceName", d.device), el("ebs",
		flag("deleteOnTermination", d.delete), text("snapshotId", d.snapshot), num("volumeSize", d.size),
		text("volumeType", d.kind), flag("encrypted", d.encrypted))}
}

// diskPlan is a volume that a new image will hold, and what it is copied from, if it is.
type diskPlan struct {
	imageDisk
	volume string
}

// captured plans the volumes of a new image: those of the instance, but for the devices that the request leaves
// out, and those that the request adds. Of a volume that exists the request may only change whether it is
// deleted with the machine.
func (k *call) captured(source *instance) ([]diskPlan, error) {
	var plans []diskPlan
	asked := k.mappings()
	for _, d := range source.disks {
		v := k.fleet.volumes[d.volume]
		if v == nil {
			continue
		}
		plan := diskPlan{imageDisk{d.device, "", v.kind, v.size, d.delete, v.encrypted}, v.id}
		mapping, ok := asked[d.device]
		delete(asked, d.device)
		if ok && mapping.at("NoDevice").set {
			if d.device == source.rootDevice {
				return nil, refuse("InvalidBlockDeviceMapping", "The root device '%s' cannot be left out of an image.", d.device)
			}
			continue
		}
		if ok {
			if err := plan.adjust(mapping.at("Ebs")); err != nil {
				return nil, err
			}
		}
		plans = append(plans, plan)
	}
	return k.added(plans, asked)
}

// mappings are the block device mappings of a request, by device.
func (k *call) mappings() map[string]*params {
	byDevice := map[string]*params{}
	for _, mapping := range k.p.list("BlockDeviceMapping") {
		byDevice[mapping.str("DeviceName")] = mapping
	}
	return byDevice
}

// adjust applies what a request says of a volume that the instance has.
func (d *diskPlan) adjust(ebs *params) error {
	if size := ebs.str("VolumeSize"); size != "" && size != strconv.Itoa(d.size) {
		return refuse("InvalidBlockDeviceMapping", "The size of the volume at '%s' cannot be changed when an image is created.", d.device)
	}
	if ebs.has("Encrypted") && ebs.yes("Encrypted") != d.encrypted {
		return refuse("InvalidBlockDeviceMapping", "The encryption of the volume at '%s' cannot be changed when an image is created.", d.device)
	}
	if ebs.has("DeleteOnTermination") {
		d.delete = ebs.yes("DeleteOnTermination")
	}
	return nil
}

// added are the planned volumes with those that only the request knows: from a snapshot, or empty.
func (k *call) added(plans []diskPlan, asked map[string]*params) ([]diskPlan, error) {
	extra := &params{}
	for n, mapping := range sortedValues(asked) {
		if !mapping.at("NoDevice").set && mapping.has("Ebs") {
			*extra.kid("BlockDeviceMapping").kid(strconv.Itoa(n + 1)) = *mapping.clone()
		}
	}
	disks, err := k.fleet.registered(extra)
	if err != nil {
		return nil, err
	}
	for _, d := range disks {
		if d.snapshot == "" && d.size == 0 {
			return nil, refuse("InvalidBlockDeviceMapping", "The mapping of '%s' gives neither a snapshot nor a size.", d.device)
		}
		plans = append(plans, diskPlan{imageDisk: d})
	}
	return plans, nil
}

// snapAll takes the snapshots of a planned image.
func (k *call) snapAll(plans []diskPlan, img *image) []imageDisk {
	var disks []imageDisk
	for _, plan := range plans {
		if plan.volume != "" {
			s := k.fleet.snap(plan.volume, plan.size, "Created by CreateImage("+img.sourceInstance+") for "+img.id)
			s.tags, s.encrypted, s.key = tagsFrom(k.p, "snapshot"), plan.encrypted, k.fleet.volumes[plan.volume].key
			plan.snapshot = s.id
		}
		disks = append(disks, plan.imageDisk)
	}
	return disks
}
