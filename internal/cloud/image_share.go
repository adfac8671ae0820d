package cloud

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// ShareImage lets accounts launch the image, and stops others: by account id, or by the ARN of an organization or one
// of its units. Doing it twice is harmless. An image is never made public here.
func (c *Client) ShareImage(ctx context.Context, id fleet.ImageID, add, remove []string) error {
	if len(add)+len(remove) == 0 {
		return nil
	}
	_, err := c.machines.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{
		ImageId: aws.String(string(id)),
		LaunchPermission: &types.LaunchPermissionModifications{
			Add:    permissionsFor(add),
			Remove: permissionsFor(remove),
		},
	})
	return failure(err)
}

func permissionsFor(peers []string) []types.LaunchPermission {
	var list []types.LaunchPermission
	for _, peer := range peers {
		switch {
		case strings.HasPrefix(peer, "arn:") && strings.Contains(peer, ":ou/"):
			list = append(list, types.LaunchPermission{OrganizationalUnitArn: aws.String(peer)})
		case strings.HasPrefix(peer, "arn:"):
			list = append(list, types.LaunchPermission{OrganizationArn: aws.String(peer)})
		default:
			list = append(list, types.LaunchPermission{UserId: aws.String(peer)})
		}
	}
	return list
}

// SharedWith returns who else may launch the image: account ids, ARNs of organizations and units, and "all" when it
// is public.
func (c *Client) SharedWith(ctx context.Context, id fleet.ImageID) ([]string, error) {
	out, err := c.machines.DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{
		ImageId:   aws.String(string(id)),
		Attribute: types.ImageAttributeNameLaunchPermission,
	})
	if err != nil {
		return nil, failure(err)
	}
	var peers []string
	for _, p := range out.LaunchPermissions {
		for _, peer := range []string{
			aws.ToString(p.UserId), string(p.Group), aws.ToString(p.OrganizationArn), aws.ToString(p.OrganizationalUnitArn),
		} {
			if peer != "" {
				peers = append(peers, peer)
			}
		}
	}
	return peers, nil
}
