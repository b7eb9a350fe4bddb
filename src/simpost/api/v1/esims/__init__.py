"""/v1/esims/{esimTranNo}: what is known of an eSIM, and its history."""
