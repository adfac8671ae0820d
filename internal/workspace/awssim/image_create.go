package awssim

import (
	"cmp"
	"regexp"
	"time"
)

var imageName = regexp.MustCompile(`^[A-Za-z0-9()\[\] ./\-'@_]{3,128}$`)

func malformedImageName() error {
	return refuse("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long, and may contain "+
		"letters, numbers, '(', ')', '.', '-', '/' and '_'")
}

// newName checks a name for a new image.
func (f *Fleet) newName(name string) error {
	if !imageName.MatchString(name) {
		return malformedImageName()
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
	if err := k.newImageAsked(); err != nil {
		return nil, err
	}
	plan, err := k.captured(source)
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	img := k.newImage(source.arch, source.rootDevice)
	img.sourceInstance, img.sourceImage, img.sourceRegion = source.id, source.image, k.fleet.region
	img.disks = k.snapAll(plan, img)
	still := !k.p.yes("NoReboot") || source.state == Stopped
	k.cloud.tell(Change{Kind: Imaged, Instance: source.id, Image: img.id, Source: k.fleet.origin(source.image), Whole: still})
	if still && source.state == Running {
		source.reboot()
		source.interrupted()
	}
	k.fleet.develop(img)
	return []elem{text("imageId", img.id)}, nil
}

// newImageAsked checks what every request for a new image gives: name, description, tags.
func (k *call) newImageAsked() error {
	if n := len(k.p.str("Description")); n > 255 {
		return refuse("InvalidParameterValue", "The description must not be longer than 255 characters; it has %d.", n)
	}
	for _, specification := range k.p.list("TagSpecification") {
		if kind := specification.str("ResourceType"); kind != "image" && kind != "snapshot" {
			return refuse("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", kind)
		}
	}
	return k.fleet.newName(k.p.str("Name"))
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
		imds:        "v2.0",
		protection:  "disabled",
		tags:        tagsFrom(k.p, "image"),
		created:     k.cloud.now,
	}
	k.fleet.images[img.id] = img
	return img
}

// develop lets a pending image become available when its slowest snapshot is done, or not, if that was ordered.
func (f *Fleet) develop(img *image) {
	c := f.cloud
	if c.spend(func(o *Fault) bool { return o.Kind == FaultImageStuck }) != nil {
		img.eachSnapshot(func(s *snapshot) { s.stuck = true })
		return
	}
	failing := c.spend(func(o *Fault) bool { return o.Kind == FaultImageFailed || o.Kind == FaultKey })
	if failing != nil && failing.Kind == FaultKey || img.badKey {
		failing = keyRefused
	}
	c.after(img.takes(), func() {
		if img.state != "pending" {
			return
		}
		if failing != nil {
			img.fail(failing)
			return
		}
		img.state = "available"
	})
}

// keyRefused is what becomes of an image whose key cannot be used.
var keyRefused = &Fault{Code: "Client.InvalidKMSKey.InvalidState",
	Message: "Client.InternalError: Given key ID is not accessible. You must have DescribeKey permissions on the default CMK"}

// takes is how long the slowest of the image's snapshots takes.
func (img *image) takes() time.Duration {
	longest := time.Duration(0)
	img.eachSnapshot(func(s *snapshot) { longest = max(longest, s.took) })
	return cmp.Or(longest, img.fleet.cloud.opts.ImageFor)
}

// fail ends a pending image, and its snapshots with it.
func (img *image) fail(fault *Fault) {
	img.state, img.whyCode = "failed", cmp.Or(fault.Code, "Server.InternalError")
	img.why = cmp.Or(fault.Message, "Server.InternalError: Internal error on image creation")
	img.eachSnapshot(func(s *snapshot) { s.failed, s.why = true, img.why })
}

func (img *image) eachSnapshot(do func(*snapshot)) {
	for _, d := range img.disks {
		if s := img.fleet.snapshots[d.snapshot]; s != nil {
			do(s)
		}
	}
}
