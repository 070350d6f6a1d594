/**
 * The most connections that may wait for a server to accept them. While the process is busy, a burst of
 * connections from a pipeline exceeds Node's default of 511. The system then drops or resets connections
 * that look open to the client. The system may permit fewer connections than this number.
 */
export const BACKLOG = 4096;
