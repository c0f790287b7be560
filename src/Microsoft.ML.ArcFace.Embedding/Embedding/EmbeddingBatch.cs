using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// Faces collected for one forward pass, and what comes out of it. A row without a face has a vector of NaN and no
/// predicted person.
/// </summary>
internal sealed class EmbeddingBatch(ModelLease<FaceEmbeddingModel> lease, EmbeddingFacts model, bool addMirrorImage, int capacity)
{
    private readonly byte[] _faces = new byte[capacity * FaceTensor.ByteCount];
    private readonly int[] _faceOfRow = new int[capacity];
    private float[] _embeddings = [];
    private float[] _lengths = [];
    private float[]? _cosines;
    private int _faceCount;

    public int Capacity => capacity;

    /// <summary>Rows collected, with and without a face.</summary>
    public int RowCount { get; private set; }

    /// <summary>The faces that were collected, one behind the other.</summary>
    public ReadOnlySpan<byte> Faces => _faces.AsSpan(0, _faceCount * FaceTensor.ByteCount);

    public void Clear() => (RowCount, _faceCount, _cosines) = (0, 0, null);

    /// <summary>Collects the face of a row.</summary>
    public void Add(FacePixelReader.Getter getFace)
    {
        bool hasFace = getFace(_faces.AsSpan(_faceCount * FaceTensor.ByteCount, FaceTensor.ByteCount));
        _faceOfRow[RowCount++] = hasFace ? _faceCount++ : -1;
    }

    /// <summary>One forward pass over what was collected.</summary>
    public void Embed()
    {
        using ModelLease<FaceEmbeddingModel>.Use use = lease.Begin();
        (_embeddings, _lengths) = _faceCount == 0 ? ([], []) : use.Model.Embed(Faces, _faceCount, addMirrorImage);
    }

    /// <summary>The getter of an output for the row that <paramref name="currentRow"/> gives.</summary>
    public Delegate CreateGetter(EmbeddingOutput output, Func<int> currentRow) => output switch
    {
        EmbeddingOutput.Embedding => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
            Copy(Embedding(currentRow()), model.EmbeddingSize, ref value)),
        EmbeddingOutput.Cosine => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
            Copy(Cosines(currentRow()), model.PersonCount, ref value)),
        EmbeddingOutput.Score => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
            CopyScores(Cosines(currentRow()), ref value)),
        EmbeddingOutput.Quality => (ValueGetter<float>)((ref float value) =>
        {
            int row = currentRow();
            value = _faceOfRow[row] is var face and >= 0 ? _lengths[face] : float.NaN;
        }),
        _ => (ValueGetter<uint>)((ref uint value) =>
        {
            ReadOnlySpan<float> cosines = Cosines(currentRow());
            value = cosines.IsEmpty ? 0u : (uint)TensorPrimitives.IndexOfMax(cosines) + 1;
        }),
    };

    // The row is found first: looking it up may embed the next batch.
    private ReadOnlySpan<float> Embedding(int row) => Row(_embeddings, model.EmbeddingSize, row);

    private ReadOnlySpan<float> Cosines(int row)
    {
        if (_cosines is null)
        {
            using ModelLease<FaceEmbeddingModel>.Use use = lease.Begin();
            _cosines = _faceCount == 0 ? [] : use.Model.Centers.Cosines(_embeddings);
        }

        return Row(_cosines, model.PersonCount, row);
    }

    private ReadOnlySpan<float> Row(float[] rows, int length, int row) =>
        _faceOfRow[row] is var face and >= 0 ? rows.AsSpan(face * length, length) : [];

    private static void Copy(ReadOnlySpan<float> source, int length, ref VBuffer<float> value)
    {
        VBufferEditor<float> editor = VBufferEditor.Create(ref value, length);
        if (source.IsEmpty)
        {
            editor.Values.Fill(float.NaN);
        }
        else
        {
            source.CopyTo(editor.Values);
        }

        value = editor.Commit();
    }

    private void CopyScores(ReadOnlySpan<float> cosines, ref VBuffer<float> value)
    {
        Copy(cosines, model.PersonCount, ref value);
        if (!cosines.IsEmpty)
        {
            VBufferEditor<float> editor = VBufferEditor.CreateFromBuffer(ref value);
            TensorPrimitives.Multiply(editor.Values, (float)model.Scale, editor.Values);
            TensorPrimitives.Subtract(editor.Values, TensorPrimitives.Max(editor.Values), editor.Values);
            TensorPrimitives.SoftMax(editor.Values, editor.Values);
            value = editor.Commit();
        }
    }
}
