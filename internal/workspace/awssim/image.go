package awssim

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Spoil is a way for an image to be bad.
type Spoil string

const (
	// SpoiledUnhealthy images start, and their machines never become healthy.
	SpoiledUnhealthy Spoil = "unhealthy"
	// SpoiledFails images do not start: the instance terminates instead of running.
	SpoiledFails Spoil = "fails"
)

// image is an AMI.
type image struct {
	fleet             *Fleet
	id, name          string
	description       string
	state             string
	why, whyCode      string
	arch, owner, root string
	bootMode          string
	sourceInstance    string
	sourceImage       string
	sourceRegion      string
	disks             []imageDisk
	tags              tags
	created           time.Time
	deprecated        time.Time
	lastLaunched      time.Time
	gone              time.Time // when a deregistered image stops being shown
	public            bool
	spoiled           Spoil
}

// imageDisk is a volume that machines of the image get.
type imageDisk struct {
	device, snapshot, kind string
	size                   int
	delete, encrypted      bool
}

func imageActions() map[string]action {
	return map[string]action{
		"DescribeImages":  describeImages,
		"CreateImage":     createImage,
		"RegisterImage":   registerImage,
		"CopyImage":       copyImage,
		"DeregisterImage": deregisterImage,
	}
}

func describeImages(k *call) ([]elem, error) {
	all, err := k.images()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(img *image) bool {
		return img.state == "disabled" && !k.p.yes("IncludeDisabled") ||
			img.owner != k.fleet.account && !k.p.yes("IncludeDeprecated") &&
				!img.deprecated.IsZero() && k.cloud.now.After(img.deprecated)
	})
	if owners := k.p.strs("Owner"); len(owners) > 0 {
		all = slices.DeleteFunc(all, func(img *image) bool { return !img.ownedBy(owners) })
	}
	if all, err = sift(all, k.filters(), func(img *image) field { return img.field }); err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, max(len(all), 1), 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("imagesSet", shown, (*image).elems), text("nextToken", next)}, nil
}

// images returns the images a request names, or all that can be seen.
func (k *call) images() ([]*image, error) {
	ids := k.p.strs("ImageId")
	var all []*image
	for _, id := range ids {
		img, err := k.fleet.image(id)
		if err != nil {
			return nil, err
		}
		all = append(all, img)
	}
	if len(ids) > 0 {
		return all, nil
	}
	for _, img := range sortedValues(k.fleet.images) {
		if img.visible() {
			all = append(all, img)
		}
	}
	return all, nil
}

func (img *image) visible() bool {
	return !img.fleet.fresh(img.created) && (img.gone.IsZero() || img.fleet.cloud.now.Before(img.gone))
}

// image finds an image by id.
func (f *Fleet) image(id string) (*image, error) {
	if !strings.HasPrefix(id, "ami-") {
		return nil, refuse("InvalidAMIID.Malformed", "Invalid id: \"%s\" (expecting \"ami-...\")", id)
	}
	if img := f.images[id]; img != nil && img.visible() {
		return img, nil
	}
	return nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
}

func (img *image) ownedBy(owners []string) bool {
	return slices.ContainsFunc(owners, func(owner string) bool {
		return owner == img.owner || owner == "self" && img.owner == img.fleet.account ||
			owner == "amazon" && img.public && img.owner != img.fleet.account
	})
}

func (img *image) elems() []elem {
	return []elem{
		text("imageId", img.id),
		text("imageLocation", img.owner+"/"+img.name),
		text("imageState", img.state),
		text("imageOwnerId", img.owner),
		when("creationDate", img.created),
		flag("isPublic", img.public),
		text("architecture", img.arch),
		text("imageType", "machine"),
		only(img.why != "", el("stateReason", text("code", img.whyCode), text("message", img.why))),
		text("name", img.name),
		text("description", img.description),
		text("rootDeviceType", "ebs"),
		text("rootDeviceName", img.root),
		set("blockDeviceMapping", img.disks, imageDisk.elems),
		text("virtualizationType", "hvm"),
		img.tags.elem(),
		text("hypervisor", "xen"),
		flag("enaSupport", true),
		text("platformDetails", "Linux/UNIX"),
		text("usageOperation", "RunInstances"),
		text("bootMode", img.bootMode),
		text("imdsSupport", "v2.0"),
		when("deprecationTime", img.deprecated),
		text("sourceInstanceId", img.sourceInstance),
		text("sourceImageId", img.sourceImage),
		text("sourceImageRegion", img.sourceRegion),
		when("lastLaunchedTime", img.lastLaunched),
		text("deregistrationProtection", "disabled"),
		flag("imageAllowed", true),
	}
}

func (d imageDisk) elems() []elem {
	return []elem{text("deviceName", d.device), el("ebs",
		flag("deleteOnTermination", d.delete), text("snapshotId", d.snapshot), num("volumeSize", d.size),
		text("volumeType", d.kind), flag("encrypted", d.encrypted))}
}

func (img *image) field(name string) ([]string, bool) {
	switch name {
	case "image-id":
		return []string{img.id}, true
	case "name":
		return []string{img.name}, true
	case "state":
		return []string{img.state}, true
	case "architecture":
		return []string{img.arch}, true
	case "description":
		return []string{img.description}, true
	case "owner-id":
		return []string{img.owner}, true
	case "creation-date":
		return []string{img.created.UTC().Format(stamp)}, true
	case "source-instance-id":
		return []string{img.sourceInstance}, true
	case "source-image-id":
		return []string{img.sourceImage}, true
	case "is-public":
		return []string{strconv.FormatBool(img.public)}, true
	case "root-device-name":
		return []string{img.root}, true
	case "root-device-type":
		return []string{"ebs"}, true
	case "virtualization-type":
		return []string{"hvm"}, true
	case "image-type":
		return []string{"machine"}, true
	case "block-device-mapping.snapshot-id":
		var ids []string
		for _, d := range img.disks {
			ids = append(ids, d.snapshot)
		}
		return ids, true
	}
	return img.tags.field(name)
}

var imageName = regexp.MustCompile(`^[A-Za-z0-9()\[\] ./\-'@_]{3,128}$`)

// newName checks a name for a new image.
func (f *Fleet) newName(name string) error {
	if !imageName.MatchString(name) {
		return refuse("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long, and may contain "+
			"letters, numbers, '(', ')', '.', '-', '/' and '_'")
	}
	for _, img := range sortedValues(f.images) {
		if img.name == name && img.owner == f.account && img.state != "deregistered" && img.state != "failed" {
			return refuse("InvalidAMIName.Duplicate", "AMI name %s is already in use by AMI %s", name, img.id)
		}
	}
	return nil
}

// createImage has no client token: the unique name is what makes a second call harmless.
func createImage(k *call) ([]elem, error) {
	if err := k.need("InstanceId", "Name"); err != nil {
		return nil, err
	}
	found, err := k.fleet.find([]string{k.p.str("InstanceId")})
	if err != nil {
		return nil, err
	}
	source := found[0]
	if source.state != Running && source.state != Stopped {
		return nil, refuse("IncorrectState", "Instance '%s' is not 'running' or 'stopped'.", source.id)
	}
	if err := k.fleet.newName(k.p.str("Name")); err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	img := k.newImage(source.arch, source.rootDevice)
	img.sourceInstance, img.sourceImage, img.sourceRegion = source.id, source.image, k.fleet.region
	img.disks = k.capture(source, img)
	if !k.p.yes("NoReboot") && source.state == Running {
		source.reboot()
		source.interrupted()
	}
	k.fleet.develop(img)
	return []elem{text("imageId", img.id)}, nil
}

// newImage adds a pending image with the name and the tags of the request.
func (k *call) newImage(arch, root string) *image {
	img := &image{
		fleet:       k.fleet,
		id:          k.cloud.id("ami"),
		name:        k.p.str("Name"),
		description: k.p.str("Description"),
		state:       "pending",
		arch:        arch,
		owner:       k.fleet.account,
		root:        root,
		bootMode:    "uefi-preferred",
		tags:        tagsFrom(k.p, "image"),
		created:     k.cloud.now,
	}
	k.fleet.images[img.id] = img
	return img
}

// capture takes snapshots of an instance's volumes, but for the devices the request leaves out.
func (k *call) capture(source *instance, img *image) []imageDisk {
	left := map[string]bool{}
	for _, mapping := range k.p.list("BlockDeviceMapping") {
		left[mapping.str("DeviceName")] = mapping.at("NoDevice").set
	}
	var disks []imageDisk
	for _, d := range source.disks {
		v := k.fleet.volumes[d.volume]
		if v == nil || left[d.device] {
			continue
		}
		s := k.fleet.snap(v.id, v.size, "Created by CreateImage("+source.id+") for "+img.id)
		s.tags = tagsFrom(k.p, "snapshot")
		disks = append(disks, imageDisk{d.device, s.id, v.kind, v.size, d.delete, v.encrypted})
	}
	return disks
}

// develop lets a pending image become available, or not, if that was ordered.
func (f *Fleet) develop(img *image) {
	c := f.cloud
	if c.spend(func(o *Fault) bool { return o.Kind == FaultImageStuck }) != nil {
		img.eachSnapshot(func(s *snapshot) { s.stuck = true })
		return
	}
	failing := c.spend(func(o *Fault) bool { return o.Kind == FaultImageFailed })
	c.after(c.opts.ImageFor, func() {
		if img.state != "pending" {
			return
		}
		if failing != nil {
			img.state, img.whyCode = "failed", cmp.Or(failing.Code, "Server.InternalError")
			img.why = cmp.Or(failing.Message, "Server.InternalError: Internal error on image creation")
			img.eachSnapshot(func(s *snapshot) { s.failed = true })
			return
		}
		img.state = "available"
	})
}

func (img *image) eachSnapshot(do func(*snapshot)) {
	for _, d := range img.disks {
		if s := img.fleet.snapshots[d.snapshot]; s != nil {
			do(s)
		}
	}
}

// lingering is how long a deregistered image can still be seen.
const lingering = time.Minute

// deregisterImage succeeds also while instances, templates and groups still use the image.
func deregisterImage(k *call) ([]elem, error) {
	img, err := k.ownImage()
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	img.state, img.gone = "deregistered", k.cloud.now.Add(lingering)
	var results []elem
	if k.p.yes("DeleteAssociatedSnapshots") {
		for _, d := range img.disks {
			code := "success"
			if k.fleet.imageOf(d.snapshot) != nil {
				code = "skipped"
			} else {
				delete(k.fleet.snapshots, d.snapshot)
			}
			results = append(results, el("item", text("snapshotId", d.snapshot), text("returnCode", code)))
		}
	}
	return []elem{flag("return", true), el("deleteSnapshotResultSet", results...)}, nil
}

// ownImage finds the image a request names, which must be the caller's.
func (k *call) ownImage() (*image, error) {
	if err := k.need("ImageId"); err != nil {
		return nil, err
	}
	img, err := k.fleet.image(k.p.str("ImageId"))
	if err != nil {
		return nil, err
	}
	if img.state == "deregistered" {
		return nil, refuse("InvalidAMIID.Unavailable", "The image ID '%s' is no longer available", img.id)
	}
	if img.owner != k.fleet.account {
		return nil, &apiError{403, "AuthFailure", "Not authorized for image: " + img.id}
	}
	return img, nil
}
