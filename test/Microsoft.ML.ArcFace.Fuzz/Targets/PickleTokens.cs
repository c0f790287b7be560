using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>What means something in a pickle, and pickles that would take far more memory than they are long.</summary>
internal static class PickleTokens
{
    public static IReadOnlyList<byte[]> All { get; } =
    [
        // Every opcode that is known, and some that are not.
        .. ".N()]}tesauRbQ0aKMJGXCBUTqrhjcilodSI\x80\x85\x86\x87\x88\x89\x8a\x8c\x8e\x93\x94\x95\x96".Select(opcode => new[] { (byte)opcode }),
        [(byte)'q', 0], [(byte)'q', 1], [(byte)'h', 0], [(byte)'h', 1], [(byte)'h', 2], [(byte)'r', 0xff, 0xff, 0xff, 0xff], [(byte)'j', 0, 0, 0, 0],
        [(byte)'X', 0xff, 0xff, 0xff, 0xff], [(byte)'B', 0xff, 0xff, 0xff, 0x7f], [0x96, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x95, 0, 0, 0, 0, 0, 0, 0, 0x80],
        [0x8a, 0], [0x8a, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x80], [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        .. new[] { "cos\nsystem\n", "ccollections\nOrderedDict\n", "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch\nFloatStorage\n", "ctorch\nSize\n", "cnumpy\nndarray\n", "c_codecs\nencode\n", "cbuiltins\neval\n" }
            .Select(System.Text.Encoding.ASCII.GetBytes),
    ];

    public static IEnumerable<(string What, byte[] File)> Attacks =>
    [
        ("a stack of a million", PickleWriter.Start().Repeat(1 << 20, pickle => pickle.Op('N')).Stop()),
        ("a million marks", PickleWriter.Start().Repeat(1 << 20, pickle => pickle.Op('(')).Stop()),
        ("a million memos", PickleWriter.Start().Op('N').Repeat(1 << 20, pickle => pickle.Raw(0x94)).Stop()),
        ("memos far apart", Scattered()),
        ("tuples in tuples", PickleWriter.Start().Op('N').Repeat(1 << 20, pickle => pickle.Raw(0x85)).Stop()),
        ("a list within itself, a million times", PickleWriter.Start().Op(']').Raw((byte)'q', 0).Repeat(1 << 18, pickle => pickle.Op('h').Raw(0).Op('a')).Stop()),
        ("tuples that double", PickleWriter.Start(4).Op(')').Repeat(1 << 16, pickle => pickle.Raw(0x94, (byte)'h', 0, 0x86)).Stop()),
        ("names of the greatest length", PickleWriter.Start().Repeat(1 << 12, pickle => pickle.Global("torch", new string('x', 190))).Stop()),
    ];

    private static byte[] Scattered()
    {
        PickleWriter pickle = PickleWriter.Start().Op('N');
        for (uint memo = 1; memo <= 1 << 18; memo++)
        {
            pickle.Op('r').UInt32(memo * 2_654_435_761);
        }

        return pickle.Stop();
    }
}
