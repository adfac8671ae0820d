package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ShareSnapshots lets accounts make volumes of snapshots, and stops others. An account that is to copy an image needs
// that beside the permission to launch it. Doing it twice is harmless.
func (c *Client) ShareSnapshots(ctx context.Context, add, remove []string, ids ...string) error {
	if len(add)+len(remove) == 0 {
		return nil
	}
	for _, id := range ids {
		_, err := c.machines.ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{
			SnapshotId: aws.String(id),
			Attribute:  types.SnapshotAttributeNameCreateVolumePermission,
			CreateVolumePermission: &types.CreateVolumePermissionModifications{
				Add: readersOf(add), Remove: readersOf(remove),
			},
		})
		if err != nil {
			return failure(err)
		}
	}
	return nil
}

func readersOf(accounts []string) []types.CreateVolumePermission {
	var list []types.CreateVolumePermission
	for _, a := range accounts {
		list = append(list, types.CreateVolumePermission{UserId: aws.String(a)})
	}
	return list
}

// SnapshotReaders returns which other accounts may make volumes of the snapshot, with "all" when everybody may.
func (c *Client) SnapshotReaders(ctx context.Context, id string) ([]string, error) {
	out, err := c.machines.DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
		SnapshotId: aws.String(id),
		Attribute:  types.SnapshotAttributeNameCreateVolumePermission,
	})
	if err != nil {
		return nil, failure(err)
	}
	var readers []string
	for _, p := range out.CreateVolumePermissions {
		for _, reader := range []string{aws.ToString(p.UserId), string(p.Group)} {
			if reader != "" {
				readers = append(readers, reader)
			}
		}
	}
	return readers, nil
}
