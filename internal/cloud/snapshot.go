package cloud

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Snapshots returns those of the snapshots that exist and that the account may see.
func (c *Client) Snapshots(ctx context.Context, ids ...string) ([]fleet.Snapshot, error) {
	return c.snapshots(ctx, "snapshot-id", ids, nil)
}

// SnapshotsOf returns the account's snapshots of the volumes, newest first.
func (c *Client) SnapshotsOf(ctx context.Context, volumes ...string) ([]fleet.Snapshot, error) {
	snapshots, err := c.snapshots(ctx, "volume-id", volumes, []string{"self"})
	slices.SortStableFunc(snapshots, func(a, b fleet.Snapshot) int { return b.Started.Compare(a.Started) })
	return snapshots, err
}

func (c *Client) snapshots(ctx context.Context, name string, values, owners []string) ([]fleet.Snapshot, error) {
	var snapshots []fleet.Snapshot
	for some := range slices.Chunk(values, valuesPerFilter) {
		in := &ec2.DescribeSnapshotsInput{
			Filters:    filter(name, some...),
			OwnerIds:   owners,
			MaxResults: aws.Int32(machinesPage),
		}
		for page, err := range pages(ctx, ec2.NewDescribeSnapshotsPaginator(c.machines, in)) {
			if err != nil {
				return nil, err
			}
			for _, s := range page.Snapshots {
				snapshots = append(snapshots, snapshotOf(s))
			}
		}
	}
	return snapshots, nil
}

func snapshotOf(s types.Snapshot) fleet.Snapshot {
	return fleet.Snapshot{
		ID:          aws.ToString(s.SnapshotId),
		Volume:      aws.ToString(s.VolumeId),
		State:       string(s.State),
		Message:     aws.ToString(s.StateMessage),
		Percent:     percent(s.Progress),
		Size:        number(s.VolumeSize),
		Started:     aws.ToTime(s.StartTime),
		Description: aws.ToString(s.Description),
		Encrypted:   aws.ToBool(s.Encrypted),
		Key:         aws.ToString(s.KmsKeyId),
		Tier:        string(s.StorageTier),
		Tags:        labels(s.Tags),
	}
}

// percent reads "37%".
func percent(text *string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(aws.ToString(text), "%"))
	if err != nil {
		return 0
	}
	return n
}
