using Microsoft.ML.ArcFace.Tests.Gallery;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// Galleries of version 1, which have no digests: a damaged one is refused and left as it is, or upgraded to one that opens again
/// with the same people, with a copy from before that has the same, too.
/// </summary>
internal sealed class OlderGalleryTarget() : FuzzTarget("gallery-version1")
{
    private const int Size = 64, PageSize = 16384;

    private static readonly FaceGalleryModel Model = new("a model", Size);
    private static readonly FaceRecognitionCatalog Faces = new MLContext().FaceRecognition();

    public override IReadOnlyList<byte[]> Seeds => field ??= [MakeSeed(people: 60), MakeSeed(people: 3)];

    public override IReadOnlyList<byte[]> Tokens { get; } = Texts("SQLite format 3\0", "\0\0\0\0", "\u000d", "\u0005", "{\"id\":\"", "\"name\":null");

    // The blocks of vectors are made at once, and a context of ML.NET with each gallery.
    public override long FixedAllowance => 64 << 20;

    public override bool IsRefusal(Exception exception) => exception is FaceGalleryException;

    public override byte[] Mutate(Random random)
    {
        byte[] file = [.. Seeds[random.Next(Seeds.Count)]];
        if (random.Next(3) == 0)
        {
            return FileMutator.Mutate(random, file, Seeds[random.Next(Seeds.Count)], Tokens);
        }

        for (int flips = random.Next(1, 4); flips > 0; flips--)
        {
            int page = random.Next(file.Length / PageSize) * PageSize;
            file[page + random.Next(random.Next(2) == 0 ? 128 : PageSize)] ^= (byte)(1 << random.Next(8));
        }

        return file;
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        meter.Allow(FixedAllowance);
        string folder = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"arcface-fuzz-{Guid.NewGuid():N}");
        string path = Path.Combine(folder, "people.gallery");
        Directory.CreateDirectory(folder);
        try
        {
            File.WriteAllBytes(path, file);
            string[] people;
            try
            {
                people = PeopleOf(path);
            }
            catch (FaceGalleryException refusal)
            {
                Require(file.AsSpan().SequenceEqual(File.ReadAllBytes(path)), $"it was refused, and changed: {refusal}");
                Require(Directory.GetFiles(folder).Length == 1, $"it was refused, and something was left: {string.Join(", ", Directory.GetFiles(folder))}: {refusal}");
                throw;
            }

            Require(people.SequenceEqual(PeopleOf(path)), "after the upgrade somebody else is in it");
            string[] backups = Directory.GetFiles(folder, "*.backup");
            Require(backups.Length == 0 || people.SequenceEqual(Faces.ReadGallery(backups.Single()).People.Select(person => person.Id)), "somebody else is in the copy");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string[] PeopleOf(string path)
    {
        using FaceGallery gallery = Faces.CreateGalleryFor(Model, path, new FaceGalleryOptions { CosineThreshold = 0.5, CreateIfMissing = false });
        return [.. gallery.GetPeople().Select(person => person.Id)];
    }

    private static byte[] MakeSeed(int people)
    {
        string path = Path.Combine(Path.GetTempPath(), $"arcface-fuzz-{Guid.NewGuid():N}");
        try
        {
            var random = new Random(people);
            VersionOneGallery.Write(path, Model, key: null, [.. Enumerable.Range(0, people).Select(person => ($"person {person}", (float[])[.. Enumerable.Range(0, Size).Select(_ => random.NextSingle() - 0.5f)]))]);
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
