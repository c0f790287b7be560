using System.Globalization;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Benchmarks.Grouping;

/// <summary>
/// Photographs of two to six people, put together from photographs of one whose people are known, so that it is known who is where.
/// A person is on a composite once. They are written to a temporary folder and deleted.
/// </summary>
internal sealed class GroupingComposites : IDisposable
{
    /// <summary>A photograph's place in pixels, and the size that aligned faces are brought to in it.</summary>
    private const int Tile = 250, AlignedFace = 150;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly List<(string File, string[] People)> _composites = [];

    /// <param name="raw">Photographs of one face each, NAME_NNNN.jpg.</param>
    /// <param name="aligned">Aligned faces, one folder a person; those of the same people that are not among the raw ones come in, too.</param>
    /// <param name="seed">Decides who is with whom.</param>
    public GroupingComposites(string raw, string aligned, int seed)
    {
        var random = new Random(seed);
        (string Person, string File)[] photographs =
        [
            .. Directory.EnumerateFiles(raw, "*.jpg").Order(StringComparer.Ordinal).Select(file => (PersonOf(file), file)).SelectMany(photograph => Directory.EnumerateFiles(Path.Combine(aligned, photograph.Item1))
                .Where(other => Path.GetFileNameWithoutExtension(other) != Path.GetFileNameWithoutExtension(photograph.file)[^4..]).Order(StringComparer.Ordinal).Select(other => (photograph.Item1, other)).Prepend(photograph)),
        ];
        random.Shuffle(photographs);
        List<(string Person, string File)> left = [.. photographs];
        while (left.Count > 0)
        {
            (string Person, string File)[] together = [.. left.DistinctBy(photograph => photograph.Person).Take(random.Next(2, 7))];
            left.RemoveAll(together.Contains);
            _composites.Add((Draw(together.Select(photograph => photograph.File).ToArray(), random), [.. together.Select(photograph => photograph.Person)]));
        }

        PlaceCount = photographs.Length;
    }

    /// <summary>Photographs that were put together.</summary>
    public int PlaceCount { get; }

    /// <summary>Composites.</summary>
    public int Count => _composites.Count;

    /// <summary>
    /// Finds and embeds all faces. The one nearest to the middle of a place is the person's who was put there; others, such as people in
    /// the background of a photograph, are nobody who is known, each another one.
    /// </summary>
    public (string[] People, FaceToGroup[] Faces) Embed(FaceEmbedder embedder)
    {
        var people = new List<string>();
        var faces = new List<FaceToGroup>();
        foreach ((string file, string[] shown) in _composites)
        {
            EmbeddedFace[] found = [.. embedder.EmbedAll(FacePhotograph.FromFile(file))];
            Dictionary<int, EmbeddedFace> nearest = found.GroupBy(face => PlaceOf(face, shown.Length)).ToDictionary(place => place.Key, place => place.MinBy(FromMiddle)!);
            foreach (EmbeddedFace face in found)
            {
                int place = PlaceOf(face, shown.Length);
                people.Add(place < shown.Length && nearest[place] == face ? shown[place] : string.Create(CultureInfo.InvariantCulture, $"nobody {faces.Count}"));
                faces.Add(new FaceToGroup(Path.GetFileName(file), face.Embedding.Vector));
            }
        }

        return ([.. people], [.. faces]);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Draw(string[] files, Random random)
    {
        int columns = ColumnsOf(files.Length), rows = (files.Length + columns - 1) / columns;
        using var bitmap = new SKBitmap(columns * Tile, rows * Tile);
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.Gray);
        foreach ((int index, string file) in files.Index())
        {
            using SKBitmap photograph = SKBitmap.Decode(file);
            float size = (photograph.Width < Tile ? AlignedFace : Tile) * (0.8f + (0.2f * random.NextSingle())), margin = (Tile - size) / 2;
            canvas.DrawBitmap(photograph, SKRect.Create((index % columns * Tile) + margin, (index / columns * Tile) + margin, size, size), new SKPaint { FilterQuality = SKFilterQuality.High });
        }

        string path = Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"{_composites.Count:0000}.png"));
        using FileStream stream = File.Create(path);
        bitmap.Encode(stream, SKEncodedImageFormat.Png, 100);
        return path;
    }

    private static int PlaceOf(EmbeddedFace face, int count) => ((int)(MiddleOf(face).Y / Tile) * ColumnsOf(count)) + (int)(MiddleOf(face).X / Tile);

    private static float FromMiddle(EmbeddedFace face) => MathF.Abs((MiddleOf(face).X % Tile) - (Tile / 2)) + MathF.Abs((MiddleOf(face).Y % Tile) - (Tile / 2));

    private static (float X, float Y) MiddleOf(EmbeddedFace face) => (face.Box!.X + (face.Box.Width / 2), face.Box.Y + (face.Box.Height / 2));

    private static int ColumnsOf(int count) => count <= 3 ? count : (count + 1) / 2;

    private static string PersonOf(string file) => Path.GetFileNameWithoutExtension(file)[..^5];
}
