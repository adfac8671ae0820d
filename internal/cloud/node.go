package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// nodesPage is the largest page of Systems Manager's lists.
const nodesPage = 50

// Nodes returns those of the instances that Systems Manager knows. Stopped ones are not among them.
func (c *Client) Nodes(ctx context.Context, ids ...fleet.InstanceID) (map[fleet.InstanceID]fleet.Node, error) {
	nodes := map[fleet.InstanceID]fleet.Node{}
	for some := range slices.Chunk(ids, nodesPage) {
		in := &ssm.DescribeInstanceInformationInput{
			Filters:    []types.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: texts(some)}},
			MaxResults: aws.Int32(nodesPage),
		}
		for page, err := range pages(ctx, ssm.NewDescribeInstanceInformationPaginator(c.nodes, in)) {
			if err != nil {
				return nil, err
			}
			for _, i := range page.InstanceInformationList {
				node := nodeOf(i)
				nodes[node.Instance] = node
			}
		}
	}
	return nodes, nil
}

func nodeOf(i types.InstanceInformation) fleet.Node {
	return fleet.Node{
		Instance: fleet.InstanceID(aws.ToString(i.InstanceId)),
		Ping:     string(i.PingStatus),
		Platform: string(i.PlatformType),
		System:   strings.TrimSpace(aws.ToString(i.PlatformName) + " " + aws.ToString(i.PlatformVersion)),
		Seen:     aws.ToTime(i.LastPingDateTime),
	}
}
