package awssim

import (
	"cmp"
	"maps"
	"strconv"
)

func registerImage(k *call) ([]elem, error) {
	if err := k.need("Name"); err != nil {
		return nil, err
	}
	if err := k.fleet.newName(k.p.str("Name")); err != nil {
		return nil, err
	}
	disks, err := k.registered()
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	img := k.newImage(cmp.Or(k.p.str("Architecture"), "i386"), k.p.str("RootDeviceName"))
	img.disks, img.state = disks, "available"
	return []elem{text("imageId", img.id)}, nil
}

// registered reads the block devices of RegisterImage, whose snapshots must exist.
func (k *call) registered() ([]imageDisk, error) {
	var disks []imageDisk
	for _, mapping := range k.p.list("BlockDeviceMapping") {
		ebs := mapping.at("Ebs")
		d := imageDisk{device: mapping.str("DeviceName"), snapshot: ebs.str("SnapshotId"),
			kind: cmp.Or(ebs.str("VolumeType"), "gp2"), delete: ebs.str("DeleteOnTermination") != "false"}
		d.size, _ = strconv.Atoi(ebs.str("VolumeSize"))
		if d.snapshot != "" {
			s, err := k.fleet.snapshot(d.snapshot)
			if err != nil {
				return nil, err
			}
			d.size = max(d.size, s.size)
		}
		disks = append(disks, d)
	}
	return disks, nil
}

// copyImage is called in the region that receives the copy.
func copyImage(k *call) ([]elem, error) {
	if err := k.need("Name", "SourceImageId", "SourceRegion"); err != nil {
		return nil, err
	}
	return k.once(func() (func() []elem, error) {
		from := k.cloud.account(k.fleet.account).region(k.p.str("SourceRegion"))
		source, err := from.image(k.p.str("SourceImageId"))
		if err != nil {
			return nil, err
		}
		if source.state != "available" {
			return nil, refuse("InvalidAMIID.Unavailable", "AMI '%s' is %s, and cannot be copied", source.id, source.state)
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		img := k.newImage(source.arch, source.root)
		img.sourceImage, img.sourceRegion, img.spoiled = source.id, from.region, source.spoiled
		if k.p.yes("CopyImageTags") {
			maps.Copy(img.tags, source.tags)
		}
		for _, d := range source.disks {
			s := k.fleet.snap("vol-ffffffff", d.size, "Copied for DestinationAmi "+img.id+" from SourceAmi "+source.id)
			d.snapshot, d.encrypted = s.id, d.encrypted || k.p.yes("Encrypted")
			img.disks = append(img.disks, d)
		}
		k.fleet.develop(img)
		return func() []elem { return []elem{text("imageId", img.id)} }, nil
	})
}
