package cloud

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

const (
	// valuesPerFilter is how many values EC2 takes in one filter.
	valuesPerFilter = 200
	// machinesPage is the largest page of EC2's describe calls.
	machinesPage = 1000
)

// Image returns an image, deprecated and disabled ones too.
func (c *Client) Image(ctx context.Context, id fleet.ImageID) (fleet.Image, error) {
	images, err := c.Images(ctx, id)
	if err != nil {
		return fleet.Image{}, err
	}
	if len(images) == 0 {
		return fleet.Image{}, absent("ec2:DescribeImages", "InvalidAMIID.NotFound", fmt.Sprintf("there is no image %s", id))
	}
	return images[0], nil
}

// Images returns those of the images that exist and that the account may see.
func (c *Client) Images(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Image, error) {
	var images []fleet.Image
	for some := range slices.Chunk(ids, valuesPerFilter) {
		found, err := c.describeImages(ctx, &ec2.DescribeImagesInput{Filters: filter("image-id", texts(some)...)})
		if err != nil {
			return nil, err
		}
		images = append(images, found...)
	}
	return images, nil
}

// OwnImages returns the account's images, newest first.
func (c *Client) OwnImages(ctx context.Context) ([]fleet.Image, error) {
	images, err := c.describeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}})
	newestFirst(images)
	return images, err
}

// ImageNamed returns the account's image with that name. Images that failed or were deregistered are left out: nothing
// can be launched from them.
func (c *Client) ImageNamed(ctx context.Context, name string) (fleet.Image, error) {
	images, err := c.describeImages(ctx, &ec2.DescribeImagesInput{
		Owners:  []string{"self"},
		Filters: filter("name", literal(name)),
	})
	if err != nil {
		return fleet.Image{}, err
	}
	for _, i := range images {
		if i.Name == name && !lost(i.State) {
			return i, nil
		}
	}
	return fleet.Image{}, absent("ec2:DescribeImages", "InvalidAMIID.NotFound", fmt.Sprintf("there is no image named %s", name))
}

// lost reports whether an image in that state will never be of use.
func lost(state string) bool {
	switch types.ImageState(state) {
	case types.ImageStateFailed, types.ImageStateError, types.ImageStateInvalid, types.ImageStateDeregistered:
		return true
	}
	return false
}

// familyTag is the tag that says which family an image belongs to.
const familyTag = "amiral:family"

// FamilyImages returns the account's images of a family, newest first; those of all families when none is named.
func (c *Client) FamilyImages(ctx context.Context, family string) ([]fleet.Image, error) {
	in := &ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: filter("tag-key", familyTag)}
	if family != "" {
		in.Filters = filter("tag:"+familyTag, literal(family))
	}
	images, err := c.describeImages(ctx, in)
	newestFirst(images)
	return images, err
}

func newestFirst(images []fleet.Image) {
	slices.SortStableFunc(images, func(a, b fleet.Image) int { return b.Created.Compare(a.Created) })
}

func (c *Client) describeImages(ctx context.Context, in *ec2.DescribeImagesInput) ([]fleet.Image, error) {
	in.IncludeDeprecated, in.IncludeDisabled = aws.Bool(true), aws.Bool(true)
	in.MaxResults = aws.Int32(machinesPage)
	var images []fleet.Image
	for page, err := range pages(ctx, ec2.NewDescribeImagesPaginator(c.machines, in)) {
		if err != nil {
			return nil, err
		}
		for _, i := range page.Images {
			images = append(images, imageOf(i))
		}
	}
	return images, nil
}

func imageOf(i types.Image) fleet.Image {
	image := fleet.Image{
		ID:             fleet.ImageID(aws.ToString(i.ImageId)),
		Name:           aws.ToString(i.Name),
		State:          string(i.State),
		Architecture:   string(i.Architecture),
		Created:        moment(i.CreationDate),
		Deprecated:     moment(i.DeprecationTime),
		Owner:          aws.ToString(i.OwnerId),
		Tags:           labels(i.Tags),
		Description:    aws.ToString(i.Description),
		SourceImage:    fleet.ImageID(aws.ToString(i.SourceImageId)),
		SourceInstance: fleet.InstanceID(aws.ToString(i.SourceInstanceId)),
		LastLaunched:   moment(i.LastLaunchedTime),
		Platform:       aws.ToString(i.PlatformDetails),
		BootMode:       string(i.BootMode),
		Protection:     aws.ToString(i.DeregistrationProtection),
		Public:         aws.ToBool(i.Public),
		Root:           aws.ToString(i.RootDeviceName),
	}
	for _, code := range i.ProductCodes {
		image.Products = append(image.Products, aws.ToString(code.ProductCodeId))
	}
	if i.StateReason != nil {
		image.StateReason = aws.ToString(i.StateReason.Message)
	}
	for _, device := range i.BlockDeviceMappings {
		if device.Ebs != nil {
			image.Disks = append(image.Disks, imageDisk(device, image.Root))
		}
	}
	image.Volumes = len(image.Disks)
	return image
}

func imageDisk(m types.BlockDeviceMapping, root string) fleet.Disk {
	device := aws.ToString(m.DeviceName)
	return fleet.Disk{
		Device:    device,
		Snapshot:  aws.ToString(m.Ebs.SnapshotId),
		Size:      number(m.Ebs.VolumeSize),
		Type:      string(m.Ebs.VolumeType),
		Encrypted: aws.ToBool(m.Ebs.Encrypted),
		Key:       aws.ToString(m.Ebs.KmsKeyId),
		Deleted:   aws.ToBool(m.Ebs.DeleteOnTermination),
		Root:      device == root,
	}
}
