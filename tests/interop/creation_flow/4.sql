-- Prisma would drop the column and the table and make new ones: its documents tell to write a rename by hand.
ALTER TABLE "User" RENAME COLUMN "name" TO "fullName";

-- RenameTable
ALTER TABLE "Post" RENAME TO "posts";
ALTER TABLE "posts" RENAME CONSTRAINT "Post_pkey" TO "posts_pkey";
ALTER TABLE "posts" RENAME CONSTRAINT "Post_authorId_fkey" TO "posts_authorId_fkey";
ALTER INDEX "Post_authorId_id_idx" RENAME TO "posts_authorId_id_idx";
ALTER INDEX "Post_authorId_title_key" RENAME TO "posts_authorId_title_key";
