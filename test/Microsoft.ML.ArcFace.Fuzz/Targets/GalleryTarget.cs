using System.Globalization;
using System.Security.Cryptography;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// Galleries in one SQLite file, plain or encrypted: whatever happened to a file, it opens with all that was in it, also after
/// changes, or is refused; and what is read out of a refused one was in it. The seeds are laid out alike in each run, but their
/// ids, times and nonces are new: files that fail are kept.
/// </summary>
/// <param name="key">What they are encrypted under; null: nothing.</param>
internal sealed class GalleryTarget(byte[]? key) : FuzzTarget(key is null ? "gallery" : "gallery-encrypted")
{
    private const int Size = 64, PageSize = 16384, PageHeader = 108, Sector = 512;

    private static readonly FaceGalleryModel Model = new("a model", Size);
    private static readonly FaceRecognitionCatalog Faces = new MLContext().FaceRecognition();

    private readonly List<string[]> _contents = [];

    public static IReadOnlyList<FuzzTarget> All { get; } = [new GalleryTarget(key: null), new GalleryTarget([.. Enumerable.Range(1, 32).Select(i => (byte)i)])];

    public override IReadOnlyList<byte[]> Seeds => field ??= [MakeSeed(people: 60), MakeSeed(people: 3)];

    public override IReadOnlyList<byte[]> Tokens { get; } = Texts("SQLite format 3\0", "\0\0\0\0", "\u000d", "\u0005", "CREATE TABLE ", "{\"id\":\"");

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        ("no byte", []),
        ("one byte", [(byte)'S']),
        ("a header alone", Seeds[0][..100]),
        ("a first page alone", Seeds[0][..PageSize]),
    ];

    // The blocks of vectors are made at once, and a context of ML.NET with each gallery.
    public override long FixedAllowance => 64 << 20;

    public override bool IsRefusal(Exception exception) => exception is FaceGalleryException;

    public override byte[] Mutate(Random random)
    {
        byte[] file = [.. Seeds[random.Next(Seeds.Count)]];
        int page = random.Next(file.Length / PageSize) * PageSize, other = random.Next(file.Length / PageSize) * PageSize;
        switch (random.Next(9))
        {
            case 0 or 1:
                file[page + random.Next(PageHeader)] ^= (byte)(1 << random.Next(8));
                return file;
            case 2 or 3:
                file[random.Next(file.Length)] ^= (byte)(1 << random.Next(8));
                return file;
            case 4:
                file[random.Next(file.Length)] = (byte)random.Next(256);
                return file;
            case 5:
                int length = random.Next(file.Length);
                return file[..(random.Next(3) switch { 0 => length, 1 => length / Sector * Sector, _ => page })];
            case 6:
                file.AsSpan(page, random.Next(2) == 0 ? PageSize : Sector).Clear();
                return file;
            case 7:
                file.AsSpan(page, PageSize).CopyTo(file.AsSpan(other));
                return file;
            default:
                return FileMutator.Mutate(random, file, Seeds[random.Next(Seeds.Count)], Tokens);
        }
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
            FaceGalleryException? refusal = Refusal(() => ReadWhole(path, isReadOnly: true));
            Require(Same(file, path), "it was changed by being read");
            if (refusal is not null)
            {
                Recover(path, folder);
                Require(Refusal(() => ReadWhole(path, isReadOnly: false)) is not null, "it opens to be written, and not to be read");
                Require(Same(file, path), "it was refused, and changed");
                throw refusal;
            }

            if (Refusal(() => Open(path, isReadOnly: false).Dispose()) is { } ofChanges)
            {
                Require(Same(file, path), "it was refused, and changed");
                Recover(path, folder);
                throw ofChanges;
            }

            Change(path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Enrolls and removes. A change that is refused may have been made or not, as a whole.</summary>
    private void Change(string path)
    {
        string[] before, added;
        bool isRemoved = false;
        using (FaceGallery gallery = Open(path, isReadOnly: false))
        {
            before = ContentsOf(gallery);
            Require(IsOfASeed(before), "something else is in it than was written");
            if (Refusal(() => gallery.Enroll("somebody new", VectorOf(1000))) is not null)
            {
                added = before;
            }
            else
            {
                added = ContentsOf(gallery);
                isRemoved = Refusal(() => gallery.Remove("person 1")) is null;
            }
        }

        string[] removed = [.. added.Where(line => !line.StartsWith("person 1 ", StringComparison.Ordinal))];
        if (Refusal(() => Check(ReadWhole(path, isReadOnly: false))) is { } refusal)
        {
            Require(!isRemoved, $"it was changed, and does not open afterwards: {refusal.Message}");
            throw refusal;
        }

        void Check(string[] after) => Require(after.SequenceEqual(removed) || (!isRemoved && after.SequenceEqual(added)), "something else is in it than was left after changes");
    }

    private void Recover(string path, string folder)
    {
        string recovered = Path.Combine(folder, "recovered.gallery");
        if (Refusal(() => Faces.RecoverGallery(path, recovered, key)) is null)
        {
            string[] lines = ReadWhole(recovered, isReadOnly: true);
            Require(_contents.Exists(seed => !lines.Except(seed, StringComparer.Ordinal).Any()), "something was read out of it that was not in it");
        }
    }

    private bool IsOfASeed(string[] contents) => _contents.Exists(seed => seed.SequenceEqual(contents, StringComparer.Ordinal));

    private static FaceGalleryException? Refusal(Action use)
    {
        try
        {
            use();
            return null;
        }
        catch (FaceGalleryException refusal)
        {
            return refusal;
        }
    }

    private string[] ReadWhole(string path, bool isReadOnly)
    {
        using FaceGallery gallery = Open(path, isReadOnly);
        string[] contents = ContentsOf(gallery);
        if (isReadOnly)
        {
            string[] listed = [.. Faces.ReadGallery(path, key).People.Select(person => person.Id)];
            Require(listed.SequenceEqual(gallery.GetPeople().Select(person => person.Id)), "the list of its people is another one");
        }

        return contents;
    }

    private FaceGallery Open(string path, bool isReadOnly) =>
        Faces.CreateGalleryFor(Model, path, new FaceGalleryOptions { EncryptionKey = key, CosineThreshold = 0.5, ReadOnly = isReadOnly, MaxDegreeOfParallelism = 1 });

    /// <summary>Writes a line a photograph: whose it is, what is known of it, and what is nearest to its vector.</summary>
    private static string[] ContentsOf(FaceGallery gallery) =>
    [
        .. gallery.GetPeople().SelectMany(person => person.Photographs.Select(photograph => string.Create(
            CultureInfo.InvariantCulture, $"{person.Id} {person.Name} {photograph} {NearestOf(gallery, person.Id)}"))),
    ];

    /// <summary>The vectors cannot be read, but what a person's own face scores can.</summary>
    private static string NearestOf(FaceGallery gallery, string id)
    {
        int number = int.TryParse(id.AsSpan(id.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture, out int parsed) ? parsed : 1000;
        FaceCandidate nearest = gallery.Search(VectorOf(number), 1)[0];
        return string.Create(CultureInfo.InvariantCulture, $"{nearest.PersonId} {nearest.Score:0.00000}");
    }

    private static float[] VectorOf(int person)
    {
        byte[] bytes = new byte[Size];
        SHA256.HashData(BitConverter.GetBytes(person)).CopyTo(bytes, 0);
        SHA256.HashData(bytes).CopyTo(bytes, SHA256.HashSizeInBytes);
        return [.. bytes.Select(value => value - 127.5f)];
    }

    private static bool Same(byte[] file, string path) => file.AsSpan().SequenceEqual(File.ReadAllBytes(path));

    private byte[] MakeSeed(int people)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"arcface-fuzz-{Guid.NewGuid():N}"), path = Path.Combine(folder, "people.gallery");
        try
        {
            using (FaceGallery gallery = Open(path, isReadOnly: false))
            {
                gallery.Enroll([.. Enumerable.Range(0, people).Select(person => new FaceToEnroll($"person {person}", VectorOf(person)) { Name = $"Name of {person}", Source = $"folder/{person}.jpg" })]);
                _contents.Add(ContentsOf(gallery));
            }

            return File.ReadAllBytes(path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
