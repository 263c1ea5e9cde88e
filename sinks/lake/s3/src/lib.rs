//! The lake's ports on S3, DynamoDB and Glue.

#![warn(missing_docs)]
