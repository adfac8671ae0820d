package awssim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func registerImage(k *call) ([]elem, error) {
	if err := k.need("Name"); err != nil {
		return nil, err
	}
	if err := k.newImageAsked(); err != nil {
		return nil, err
	}
	disks, err := k.fleet.registered(k.p)
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	img := k.newImage(cmp.Or(k.p.str("Architecture"), "i386"), k.p.str("RootDeviceName"))
	img.disks, img.state = disks, "available"
	if source := k.fleet.sourceOf(disks); source != nil {
		k.cloud.tell(Change{Kind: Copied, Image: img.id, Source: source.view()})
	}
	return []elem{text("imageId", img.id)}, nil
}

// sourceOf is another image that was made with one of the snapshots.
func (f *Fleet) sourceOf(disks []imageDisk) *image {
	for _, d := range disks {
		if d.snapshot == "" {
			continue
		}
		for _, img := range sortedValues(f.images) {
			if slices.ContainsFunc(img.disks, func(o imageDisk) bool { return o.snapshot == d.snapshot }) && !img.created.Equal(f.cloud.now) {
				return img
			}
		}
	}
	return nil
}

// registered reads block devices as RegisterImage has them, whose snapshots must exist.
func (f *Fleet) registered(p *params) ([]imageDisk, error) {
	var disks []imageDisk
	for _, mapping := range p.list("BlockDeviceMapping") {
		ebs := mapping.at("Ebs")
		d := imageDisk{device: mapping.str("DeviceName"), snapshot: ebs.str("SnapshotId"),
			kind: cmp.Or(ebs.str("VolumeType"), "gp2"), delete: ebs.str("DeleteOnTermination") != "false"}
		d.size, _ = strconv.Atoi(ebs.str("VolumeSize"))
		if d.snapshot != "" {
			s, err := f.snapshot(d.snapshot)
			if err != nil {
				return nil, err
			}
			d.size = max(d.size, s.size)
		}
		disks = append(disks, d)
	}
	return disks, nil
}

// copyImage is called in the region that receives the copy. The source may be another account's, if it is shared
// with the caller; its tags come along only when it is the caller's own.
func copyImage(k *call) ([]elem, error) {
	if err := k.need("Name", "SourceImageId", "SourceRegion"); err != nil {
		return nil, err
	}
	if !imageName.MatchString(k.p.str("Name")) {
		return nil, malformedImageName()
	}
	return k.once(func() (func() []elem, error) {
		source, err := k.copied()
		if err != nil {
			return nil, err
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		img := k.newImage(source.arch, source.root)
		img.sourceImage, img.sourceRegion, img.spoiled = source.id, source.fleet.region, source.spoiled
		img.imds, img.bootMode = source.imds, source.bootMode
		if k.p.yes("CopyImageTags") && source.owner == k.fleet.account {
			own := img.tags
			img.tags = cloneTags(source.tags)
			maps.Copy(img.tags, own)
		}
		img.disks = k.copyDisks(source, img)
		img.badKey = !k.fleet.knowsKey(k.p.str("KmsKeyId")) || !k.opens(source)
		k.cloud.tell(Change{Kind: Copied, Image: img.id, Source: source.view()})
		k.fleet.develop(img)
		return func() []elem { return []elem{text("imageId", img.id)} }, nil
	})
}

// copied finds the image to copy.
func (k *call) copied() (*image, error) {
	source, err := k.cloud.account(k.fleet.account).region(k.p.str("SourceRegion")).image(k.p.str("SourceImageId"))
	if err != nil {
		return nil, err
	}
	if source.state != "available" {
		return nil, refuse("InvalidAMIID.Unavailable", "AMI '%s' is %s, and cannot be copied", source.id, source.state)
	}
	if !k.reads(source) {
		return nil, refuse("InvalidRequest", "You do not have permission to access the storage of this ami")
	}
	return source, nil
}

// reads reports whether the account may read every snapshot of an image.
func (k *call) reads(source *image) bool {
	if source.owner == k.fleet.account || source.public {
		return true
	}
	for _, d := range source.disks {
		s, err := source.fleet.snapshot(d.snapshot)
		if err == nil && !slices.Contains(s.readers, k.fleet.account) && !slices.Contains(s.readers, "all") {
			return false
		}
	}
	return true
}

// copyDisks copies the source's snapshots. A copy can add encryption, and never take it away.
func (k *call) copyDisks(source, img *image) []imageDisk {
	var disks []imageDisk
	for _, d := range source.disks {
		s := k.fleet.snap(copiedVolume, d.size, "Copied for DestinationAmi "+img.id+" from SourceAmi "+source.id+
			" for SourceSnapshot "+d.snapshot+". Task created on "+strconv.FormatInt(k.cloud.now.UnixMilli(), 10)+".")
		s.tags = tagsFrom(k.p, "snapshot")
		d.encrypted = d.encrypted || k.p.yes("Encrypted")
		if d.snapshot, s.encrypted = s.id, d.encrypted; d.encrypted {
			s.key = cmp.Or(k.p.str("KmsKeyId"), managedKey)
		}
		disks = append(disks, d)
	}
	return disks
}

// managedKey is AWS's own key for EBS, by which volumes are encrypted when no other is named. No other account may use it.
const managedKey = "alias/aws/ebs"

// opens reports whether the account may use the keys that another one's image is encrypted with.
func (k *call) opens(source *image) bool {
	if source.owner == k.fleet.account {
		return true
	}
	for _, d := range source.disks {
		s, err := source.fleet.snapshot(d.snapshot)
		if err == nil && !k.fleet.knowsKey(s.key) {
			return false
		}
	}
	return true
}

// guarded reports whether a snapshot is encrypted with AWS's own key, so that nobody else can use it.
func (s *snapshot) guarded() bool { return strings.HasSuffix(s.key, managedKey) }

// knowsKey tells whether the account may use an encryption key: those of AWS, and those that were added.
func (f *Fleet) knowsKey(id string) bool {
	return id == "" || strings.HasSuffix(id, managedKey) || f.encryptionKeys[id]
}

// AddEncryptionKey adds a KMS key that the account may use in this region, by id, alias or ARN. Images that are copied
// with another key fail, a while after the copy began.
func (f *Fleet) AddEncryptionKey(id string) {
	defer f.cloud.lock()()
	f.encryptionKeys[id] = true
}
