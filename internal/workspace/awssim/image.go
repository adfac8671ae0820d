package awssim

import (
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
	shares            []share
	imds              string    // v2.0 when machines must use it
	protection        string    // against deregistration
	protected         time.Time // when the cooldown of a protection that was lifted is over
	spoiled           Spoil
	badKey            bool // it is copied with a key that cannot be used
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
		all = slices.DeleteFunc(all, func(img *image) bool { return !img.ownedBy(owners, k.fleet.account) })
	}
	if users := k.p.strs("ExecutableBy"); len(users) > 0 {
		all = slices.DeleteFunc(all, func(img *image) bool { return !img.runsFor(users, k.fleet.account) })
	}
	if all, err = sift(all, k.filters(), func(img *image) field { return img.field }); err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, max(len(all), 1), 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("imagesSet", shown, func(img *image) []elem { return img.elems(k.fleet) }), text("nextToken", next)}, nil
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
	for _, img := range append(sortedValues(k.fleet.images), k.fleet.sharedImages()...) {
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
	if img := f.imageNamed(id); img != nil && img.visible() {
		return img, nil
	}
	return nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
}

// ownedBy tells whether one of the owners, as the account that asks names them, owns the image.
func (img *image) ownedBy(owners []string, asking string) bool {
	return slices.ContainsFunc(owners, func(owner string) bool {
		return owner == img.owner || owner == "self" && img.owner == asking ||
			owner == "amazon" && img.public && img.owner != asking
	})
}

// elems shows the image to a fleet. Tags are only for the account that has the image.
func (img *image) elems(viewer *Fleet) []elem {
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
		only(img.fleet.account == viewer.account, img.tags.elem()),
		text("hypervisor", "xen"),
		flag("enaSupport", true),
		text("platformDetails", "Linux/UNIX"),
		text("usageOperation", "RunInstances"),
		text("bootMode", img.bootMode),
		text("imdsSupport", img.imds),
		when("deprecationTime", img.deprecated),
		text("sourceInstanceId", img.sourceInstance),
		text("sourceImageId", img.sourceImage),
		text("sourceImageRegion", img.sourceRegion),
		when("lastLaunchedTime", img.lastLaunched),
		text("deregistrationProtection", img.guard()),
		flag("imageAllowed", true),
	}
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
	case "source-image-region":
		return []string{img.sourceRegion}, true
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

// lingering is how long a deregistered image can still be seen.
const lingering = time.Minute

// deregisterImage succeeds also while instances, templates and groups still use the image.
func deregisterImage(k *call) ([]elem, error) {
	img, err := k.ownImage()
	if err != nil {
		return nil, err
	}
	if guard := img.guard(); guard != "disabled" {
		return nil, refuse("OperationNotPermitted", "The image '%s' has deregistration protection (%s) and cannot be deregistered.", img.id, guard)
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
