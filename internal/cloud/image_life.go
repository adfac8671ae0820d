package cloud

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// DeprecateImage hides the image from other accounts after that time, which AWS rounds to the minute and which lies in
// the future. It can still be launched. Doing it twice is harmless.
func (c *Client) DeprecateImage(ctx context.Context, id fleet.ImageID, at time.Time) error {
	_, err := c.machines.EnableImageDeprecation(ctx, &ec2.EnableImageDeprecationInput{
		ImageId:     aws.String(string(id)),
		DeprecateAt: aws.Time(at),
	})
	return failure(err)
}

// UndeprecateImage takes a deprecation back, one that lies in the past, too.
func (c *Client) UndeprecateImage(ctx context.Context, id fleet.ImageID) error {
	_, err := c.machines.DisableImageDeprecation(ctx, &ec2.DisableImageDeprecationInput{ImageId: aws.String(string(id))})
	return failure(err)
}

// DisableImage stops all launches from the image and takes away every launch permission. EnableImage undoes the first
// and not the second.
func (c *Client) DisableImage(ctx context.Context, id fleet.ImageID) error {
	_, err := c.machines.DisableImage(ctx, &ec2.DisableImageInput{ImageId: aws.String(string(id))})
	return failure(err)
}

// EnableImage makes a disabled image launchable again.
func (c *Client) EnableImage(ctx context.Context, id fleet.ImageID) error {
	_, err := c.machines.EnableImage(ctx, &ec2.EnableImageInput{ImageId: aws.String(string(id))})
	return failure(err)
}

// DeregisterImage ends an image for good, with its snapshots when that is asked for. AWS does so even while instances,
// templates or groups refer to it. Snapshots that other images use are skipped. An image that is gone is fleet.Absent.
func (c *Client) DeregisterImage(ctx context.Context, id fleet.ImageID, snapshots bool) ([]fleet.SnapshotFate, error) {
	out, err := c.machines.DeregisterImage(ctx, &ec2.DeregisterImageInput{
		ImageId:                   aws.String(string(id)),
		DeleteAssociatedSnapshots: aws.Bool(snapshots),
	})
	if err != nil {
		return nil, failure(err)
	}
	var fates []fleet.SnapshotFate
	for _, r := range out.DeleteSnapshotResults {
		fates = append(fates, fleet.SnapshotFate{Snapshot: aws.ToString(r.SnapshotId), Code: string(r.ReturnCode)})
	}
	return fates, nil
}
