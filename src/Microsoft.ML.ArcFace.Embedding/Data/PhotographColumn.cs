using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>A photograph as it came and as it looks.</summary>
/// <param name="Content">The bytes of its file; of an image that has none, the pixels.</param>
/// <param name="Image">The decoded pixels.</param>
internal sealed record Photograph(byte[] Content, MLImage Image) : IDisposable
{
    public void Dispose() => Image.Dispose();
}

/// <summary>Reads the photographs of a column of any kind: paths, encoded bytes, or images.</summary>
internal static class PhotographColumn
{
    private const string Expected = "String, Vector<Byte> or image";

    /// <exception cref="ArgumentOutOfRangeException">The column is absent or of another kind.</exception>
    public static DataViewSchema.Column Find(IExceptionContext context, DataViewSchema schema, string name) => SchemaCheck.Find(
        context, schema, name, Expected, type => type is TextDataViewType or ImageDataViewType || (type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Byte));

    /// <summary>Gives the photograph of the row that the cursor stands on, null where an image is missing; the caller disposes of it.</summary>
    /// <remarks>The getter throws a <see cref="FaceImageException"/> where the photograph cannot be read.</remarks>
    public static Func<Photograph?> CreateGetter(DataViewRow row, DataViewSchema.Column column) => column.Type switch
    {
        TextDataViewType => FromPaths(row.GetGetter<ReadOnlyMemory<char>>(column)),
        ImageDataViewType => FromImages(row.GetGetter<MLImage>(column)),
        _ => FromBytes(row.GetGetter<VBuffer<byte>>(column), Name(row, column)),
    };

    private static Func<Photograph> FromPaths(ValueGetter<ReadOnlyMemory<char>> getPath)
    {
        ReadOnlyMemory<char> path = default;
        return () =>
        {
            getPath(ref path);
            string file = path.ToString();
            byte[] content = FaceImage.ReadFile(file);
            return new Photograph(content, FaceImage.FromBytes(content, $"'{file}'"));
        };
    }

    private static Func<string> Name(DataViewRow row, DataViewSchema.Column column)
    {
        if (ImageOrigin.KeyColumn(row.Schema, column) is { } key && row.IsColumnActive(key))
        {
            Func<string> getOrigin = ImageOrigin.CreateGetter(row, key);
            return () => $"in {getOrigin()}";
        }

        return () => $"in column '{column.Name}'";
    }

    private static Func<Photograph> FromBytes(ValueGetter<VBuffer<byte>> getBytes, Func<string> name)
    {
        VBuffer<byte> bytes = default;
        return () =>
        {
            getBytes(ref bytes);
            byte[] content = [.. bytes.DenseValues()];
            return new Photograph(content, FaceImage.FromBytes(content, name()));
        };
    }

    private static Func<Photograph?> FromImages(ValueGetter<MLImage> getImage) => () =>
    {
        // An empty variable: the getter disposes of what it is handed, and who keeps an image hands it none.
        MLImage image = null!;
        getImage(ref image);
        return image is null ? null : new Photograph(image.Pixels.ToArray(), image);
    };
}
