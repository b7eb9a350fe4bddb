-- Messages of before are plain, or joined as their carrier's settings say.
ALTER TABLE messages ADD COLUMN options TEXT;
