package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

func instanceDisk(m types.InstanceBlockDeviceMapping, root string) fleet.Disk {
	device := aws.ToString(m.DeviceName)
	return fleet.Disk{
		Device:  device,
		Volume:  aws.ToString(m.Ebs.VolumeId),
		Deleted: aws.ToBool(m.Ebs.DeleteOnTermination),
		Root:    device == root,
	}
}

// measure fills in what only the volumes themselves know about the disks. A volume that is gone stays as it is.
func (c *Client) measure(ctx context.Context, disks []fleet.Disk) error {
	var ids []string
	for _, d := range disks {
		ids = append(ids, d.Volume)
	}
	for some := range slices.Chunk(ids, valuesPerFilter) {
		in := &ec2.DescribeVolumesInput{Filters: filter("volume-id", some...), MaxResults: aws.Int32(machinesPage)}
		for page, err := range pages(ctx, ec2.NewDescribeVolumesPaginator(c.machines, in)) {
			if err != nil {
				return err
			}
			for _, v := range page.Volumes {
				fill(disks, v)
			}
		}
	}
	return nil
}

func fill(disks []fleet.Disk, v types.Volume) {
	i := slices.IndexFunc(disks, func(d fleet.Disk) bool { return d.Volume == aws.ToString(v.VolumeId) })
	if i < 0 {
		return
	}
	disks[i].Size, disks[i].Type = number(v.Size), string(v.VolumeType)
	disks[i].Encrypted, disks[i].Key = aws.ToBool(v.Encrypted), aws.ToString(v.KmsKeyId)
	disks[i].Snapshot = aws.ToString(v.SnapshotId)
}
