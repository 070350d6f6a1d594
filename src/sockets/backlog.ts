/**
 * The most connections that may wait for a server to accept them. Node's default is 511, which a burst of a
 * pipeline exceeds while the process is busy. The system then drops or resets connections that look open to
 * the client. The system may permit fewer than this number.
 */
export const BACKLOG = 4096;
