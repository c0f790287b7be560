using System.Globalization;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>
/// A .bin of verification pairs: a pickle of a list of encoded images, two for each pair, and a list of whether they show
/// the same person. The pickle is interpreted, never run; images stay in the file.
/// </summary>
internal sealed class VerificationFile
{
    private const long SmallestMemoryBudget = 16 << 20;

    private readonly ByteSource _source;
    private readonly string _path;
    private readonly string _name;
    private readonly PickleText[] _images;

    /// <exception cref="FaceDataFormatException">The file is damaged, hostile, or of another kind.</exception>
    public VerificationFile(ByteSource source, string path)
    {
        _source = source;
        _path = path;
        _name = System.IO.Path.GetFileNameWithoutExtension(path);
        try
        {
            object? root = PickleReader.Read(new ByteReader(source, 0, source.Length), new VerificationVocabulary(source), SmallestMemoryBudget + (2 * source.Length));
            (List<object?> images, List<object?> flags) = root switch
            {
                PickleTuple { Items: [PickleList first, PickleList second] } => (first.Items, second.Items),
                PickleList { Items: [PickleList first, PickleList second] } => (first.Items, second.Items),
                _ => throw new PickleException("it holds no pair of lists"),
            };
            if (flags.Count == 0 || images.Count != 2 * flags.Count)
            {
                throw new PickleException($"it has {images.Count} images for {flags.Count} pairs; there must be two for each pair, and one pair at least");
            }

            _images = [.. images.Select(Bytes)];
            IsSamePerson = [.. flags.Select(Flag)];
        }
        catch (PickleException error)
        {
            throw Unreadable(error);
        }
    }

    public string Path => _path;

    public int ImageCount => _images.Length;

    /// <summary>Of each pair, in the order of the file.</summary>
    public bool[] IsSamePerson { get; }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">The file is damaged, hostile, or of another kind.</exception>
    public static VerificationFile Open(string path)
    {
        MissingFile.ThrowIfAbsent("The file of pairs", path, "Give a .bin such as lfw.bin.");

        ByteSource source = ByteSource.Open(path);
        try
        {
            return new VerificationFile(source, path);
        }
        catch (FaceDataFormatException error) when (FileUse.VerificationBin.Mismatch(FileNature.Of(source)) is { } mismatch)
        {
            source.Dispose();
            throw new FaceDataFormatException($"The file of pairs '{path}' cannot be read. {mismatch}", error);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>What pairs call an image: "lfw/000012".</summary>
    public string NameOf(int image) => string.Create(CultureInfo.InvariantCulture, $"{_name}/{image:000000}");

    /// <summary>The encoded image.</summary>
    /// <exception cref="FaceDataFormatException">It was written as text, and is none.</exception>
    public byte[] Image(int image)
    {
        try
        {
            return _images[image].ReadBytes(_source);
        }
        catch (PickleException error)
        {
            throw Unreadable(error);
        }
    }

    private FaceDataFormatException Unreadable(PickleException error) =>
        new($"The file of pairs '{_path}' cannot be read: {error.Message.TrimEnd('.')}. Give a .bin as InsightFace's data sets have them.", error);

    private static PickleText Bytes(object? element) => element switch
    {
        PickleText { Kind: not PickleTextKind.Unicode } bytes => bytes,
        VerificationVocabulary.ByteArray { Data: { Kind: not PickleTextKind.Unicode } data } => data,
        _ => throw new PickleException("an element of its list of images is neither bytes nor an array of bytes"),
    };

    private static bool Flag(object? element) => element switch
    {
        bool flag => flag,
        0L => false,
        1L => true,
        _ => throw new PickleException("an element of its list of flags is no truth value"),
    };
}
