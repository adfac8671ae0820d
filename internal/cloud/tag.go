package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Tag puts tags on EC2's resources and leaves their other tags alone. Doing it twice is harmless.
func (c *Client) Tag(ctx context.Context, tags map[string]string, resources ...string) error {
	if len(tags) == 0 || len(resources) == 0 {
		return nil
	}
	_, err := c.machines.CreateTags(ctx, &ec2.CreateTagsInput{Resources: resources, Tags: ec2Tags(tags)})
	return failure(err)
}

// Untag takes tags off, whatever their values are. Doing it twice is harmless.
func (c *Client) Untag(ctx context.Context, keys []string, resources ...string) error {
	if len(keys) == 0 || len(resources) == 0 {
		return nil // without a key, AWS would take all tags off
	}
	in := &ec2.DeleteTagsInput{Resources: resources}
	for _, key := range keys {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key)})
	}
	_, err := c.machines.DeleteTags(ctx, in)
	return failure(err)
}
